//! What holds of messages in one process, one move after the other.

use super::{Mail, Tray, collect};
use crate::{
    job::{Bits, Holder, JobCell, Kind, Phase},
    sync::{AtomicU64, Ordering},
};

const ONE: Holder = Holder { task_worker: 1, generation: 1 };
const TWO: Holder = Holder { task_worker: 1, generation: 2 };

fn tray(count: usize) -> Tray<'static> {
    let cells: Vec<JobCell> = (0..count).map(|_| JobCell::new()).collect();
    let words: Vec<AtomicU64> = (0..Bits::words_for(count)).map(|_| AtomicU64::new(0)).collect();
    Tray::new(cells.leak(), Bits::new(words.leak()))
}

fn send(tray: Tray<'_>, sender: usize, to: u16, ticket: u64, mail: &Mail) -> Option<usize> {
    let cell = tray.free(0)?;
    tray.send(cell, to, ticket, 0, sender, mail);
    Some(cell)
}

fn collected(senders: &[Tray<'_>], mail: &Mail, to: u16) -> Vec<u64> {
    let mut waiting = Vec::new();
    collect(senders.iter().copied(), mail, to, &mut waiting);
    waiting.into_iter().map(|waiting| waiting.ticket).collect()
}

#[test]
fn a_receiver_finds_its_own_messages_in_the_order_they_were_sent() {
    let (senders, mail) = ([tray(100), tray(3)], Mail::new());
    for (sender, to, ticket) in [(0, 1, 1), (1, 1, 2), (0, 2, 3), (1, 1, 4), (0, 1, 5)] {
        send(senders[sender], sender, to, ticket, &mail).expect("a free cell");
    }
    assert_eq!(collected(&senders, &mail, 1), [1, 2, 4, 5]);
    assert!(!mail.is_any());
    assert_eq!(collected(&senders, &mail, 1), [], "nobody has announced anything since");
    mail.announce_all();
    assert_eq!(collected(&senders, &mail, 2), [3]);
}

#[test]
fn a_cell_is_free_again_when_its_message_is_put_away() {
    let (tray, mail) = (tray(1), Mail::new());
    for ticket in 0..3 {
        assert_eq!(send(tray, 0, 1, ticket, &mail), Some(0));
        assert_eq!(send(tray, 0, 1, ticket, &mail), None, "there is one cell");
        assert_eq!(tray.receiver(0), Some(1));
        let mut waiting = Vec::new();
        collect([tray].into_iter(), &mail, 1, &mut waiting);
        let received = tray.take(waiting[0].cell, ONE).expect("it is ready");
        assert!(tray.take(waiting[0].cell, ONE).is_none(), "it is taken once");
        tray.put_away(0, received);
        assert_eq!(tray.receiver(0), None);
    }
}

#[test]
fn what_a_dead_receiver_was_at_is_not_begun_again_and_the_rest_is_for_its_successor() {
    let (tray, mail) = (tray(4), Mail::new());
    for ticket in 1..4 {
        send(tray, 0, 1, ticket, &mail);
    }
    let mut waiting = Vec::new();
    collect([tray].into_iter(), &mail, 1, &mut waiting);
    tray.take(waiting[0].cell, ONE).expect("it is ready");
    for _ in 0..2 {
        tray.settle_receiver(ONE, false);
        mail.announce_all();
        assert_eq!(tray.cells.iter().filter(|cell| cell.state().phase == Phase::Ready).count(), 2, "settling twice is settling once");
    }
    assert_eq!(collected(&[tray], &mail, 1), [2, 3]);
    assert_eq!(tray.free(0), Some(0));
}

#[test]
fn what_a_dead_sender_has_offered_and_not_announced_arrives() {
    let (tray, mail) = (tray(4), [Mail::new(), Mail::new()]);
    let cell = tray.free(0).expect("a free cell");
    // The whole of `send` up to its first step.
    let cell_of = &tray.cells[cell];
    cell_of.only.store(2, Ordering::Relaxed);
    cell_of.offer(cell_of.state(), Kind::Finish);
    assert_eq!(collected(&[tray], &mail[1], 1), []);
    for _ in 0..2 {
        tray.settle_sender(0, |to| mail.get(to));
    }
    assert!(!mail[0].is_any());
    assert_eq!(collected(&[tray], &mail[1], 1).len(), 1);
}

#[test]
fn what_a_dead_receiver_was_at_is_kept_for_on_lost_once_and_not_a_third_time() {
    for dies_again in [false, true] {
        let (tray, mail) = (tray(4), Mail::new());
        send(tray, 0, 1, 1, &mail);
        let mut waiting = Vec::new();
        collect([tray].into_iter(), &mail, 1, &mut waiting);
        tray.take(waiting[0].cell, ONE).expect("it is ready");
        for _ in 0..2 {
            tray.settle_receiver(ONE, true);
            assert_eq!(tray.lost(1).count(), 1, "settling twice is settling once");
        }
        mail.announce_all();
        assert_eq!(
            (collected(&[tray], &mail, 1), tray.lost(2).count()),
            (vec![], 0),
            "as a message it does not come again, and to nobody else"
        );
        assert_eq!(tray.receiver(0), Some(1), "its bytes are there");
        let (at, lost) = tray.lost(1).next().expect("it is kept");
        let taken = tray.cells[at].take_lost(lost, TWO);
        if dies_again {
            tray.settle_receiver(TWO, true);
        } else {
            tray.put_away(at, taken);
        }
        assert_eq!((tray.lost(1).count(), tray.receiver(0)), (0, None));
    }
}
