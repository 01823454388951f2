//! What holds of messages in one process, one move after the other.

use super::*;
use crate::{
    job::{Claims, Files, Whose},
    sync::AtomicU64,
};
use std::path::Path;

const ONE: Holder = Holder { task_worker: 1, generation: 1 };

/// Cells without bytes.
fn messages(count: usize) -> Messages<'static> {
    let cells: Vec<JobCell> = (0..count).map(|_| JobCell::new()).collect();
    let words: Vec<AtomicU64> = (0..Bits::words_for(count)).map(|_| AtomicU64::new(0)).collect();
    let files = Box::leak(Box::new(Files::nowhere(Path::new("/"))));
    let overflow = Overflow { whose: Whose::Messages(0), claims: Claims::new(&[]), large: Bytes::none(), files };
    Messages::new(cells.leak(), Bits::new(words.leak()), Bytes::none(), 0, overflow)
}

fn send(messages: &Messages<'_>, sender: usize, to: u16, ticket: u64, mail: &Mail) -> Option<usize> {
    let cell = messages.free(0)?;
    messages.send(cell, to, ticket, Load::of(0), sender, mail);
    Some(cell)
}

fn collected(senders: &[Messages<'_>], mail: &Mail, to: u16) -> Vec<u64> {
    let mut waiting = Vec::new();
    collect(senders, mail, to, &mut waiting);
    waiting.into_iter().map(|waiting| waiting.ticket).collect()
}

#[test]
fn a_receiver_finds_its_own_messages_in_the_order_they_were_sent() {
    let (senders, mail) = ([messages(100), messages(3)], Mail::new());
    for (sender, to, ticket) in [(0, 1, 1), (1, 1, 2), (0, 2, 3), (1, 1, 4), (0, 1, 5)] {
        send(&senders[sender], sender, to, ticket, &mail).expect("a free cell");
    }
    assert_eq!(collected(&senders, &mail, 1), [1, 2, 4, 5]);
    assert!(!mail.is_any());
    assert_eq!(collected(&senders, &mail, 1), [], "nobody has announced anything since");
    mail.announce_all();
    assert_eq!(collected(&senders, &mail, 2), [3]);
}

#[test]
fn a_cell_is_free_again_when_its_message_is_put_away() {
    let (messages, mail) = (messages(1), Mail::new());
    for ticket in 0..3 {
        assert_eq!(send(&messages, 0, 1, ticket, &mail), Some(0));
        assert_eq!(send(&messages, 0, 1, ticket, &mail), None, "there is one cell");
        assert_eq!(messages.receiver(0), Some(1));
        let mut waiting = Vec::new();
        collect(&[messages], &mail, 1, &mut waiting);
        let received = messages.take(waiting[0], ONE).expect("it is ready");
        assert!(messages.take(waiting[0], ONE).is_none(), "it is taken once");
        messages.put_away(received);
        assert_eq!(messages.receiver(0), None);
    }
}

#[test]
fn what_a_dead_receiver_was_at_is_not_begun_again_and_the_rest_is_for_its_successor() {
    let (messages, mail) = (messages(4), Mail::new());
    for ticket in 1..4 {
        send(&messages, 0, 1, ticket, &mail);
    }
    let mut waiting = Vec::new();
    collect(&[messages], &mail, 1, &mut waiting);
    let begun = messages.take(waiting[0], ONE).expect("it is ready");
    for _ in 0..2 {
        settle_receiver(&messages, ONE);
        mail.announce_all();
        assert_eq!(messages.cells.iter().filter(|cell| cell.state().phase == Phase::Ready).count(), 2, "settling twice is settling once");
    }
    assert_eq!(collected(&[messages], &mail, 1), [2, 3]);
    drop(begun);
    assert_eq!(messages.free(0), Some(0));
}

#[test]
fn what_a_dead_sender_has_offered_and_not_announced_arrives() {
    let (messages, mail) = (messages(4), [Mail::new(), Mail::new()]);
    let cell = messages.free(0).expect("a free cell");
    // The whole of `send` up to its first step.
    let cell_of = &messages.cells[cell];
    cell_of.only.store(2, Ordering::Relaxed);
    cell_of.offer(cell_of.state(), Kind::Finish);
    assert_eq!(collected(&[messages], &mail[1], 1), []);
    for _ in 0..2 {
        settle_sender(&messages, 0, |to| mail.get(to));
    }
    assert!(!mail[0].is_any());
    assert_eq!(collected(&[messages], &mail[1], 1).len(), 1);
}
