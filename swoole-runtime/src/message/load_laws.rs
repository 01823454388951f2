//! What holds of messages that do not fit their cell: they come whole, and leave nothing, whoever dies.

use super::*;
use crate::{
    job::{Bits, Claims, Files, LARGE, Whose},
    shm::{Arena, Owner, Plan},
};
use std::{fs, path::Path};

const ONE: Holder = Holder { task_worker: 1, generation: 1 };

/// A message.
struct Text(Vec<u8>);

impl Text {
    fn of(length: usize) -> Self {
        Self((0..length).map(|at| (at % 251) as u8).collect())
    }
}

impl Written for Text {
    fn write(&self, space: &mut [u8]) -> Option<usize> {
        space.get_mut(..self.0.len())?.copy_from_slice(&self.0);
        Some(self.0.len())
    }

    fn to_vec(&self) -> Option<Vec<u8>> {
        Some(self.0.clone())
    }
}

/// How many bytes fit a cell here, and how many large cells there are.
const ROOM: usize = 64;
const LARGE_ONES: usize = 2;

/// A sender with all that a server has for one: four cells, two large cells, files.
struct Sender {
    messages: Messages<'static>,
    files: &'static Files,
    mail: Mail,
}

impl Sender {
    fn new() -> Self {
        let mut plan = Plan::new();
        let (cells, ready, bytes, claims, large) = plan.region(Owner::Jobs, |plan| {
            (plan.many(4), plan.many(1), plan.bytes(4 * ROOM), plan.many(LARGE_ONES), plan.bytes(LARGE_ONES * LARGE))
        });
        let arena: &'static Arena = Box::leak(Box::new(Arena::new(&plan).expect("memory can be mapped")));
        let files: &'static Files =
            Box::leak(Box::new(Files::in_directory(&std::env::temp_dir(), (None, None)).expect("a directory can be made")));
        let (claims, large) = (Claims::new(arena.all(claims)), arena.bytes(large));
        let overflow = Overflow { whose: Whose::Messages(0), claims, large, files };
        let messages = Messages::new(Tray::new(arena.all(cells), Bits::new(arena.all(ready))), arena.bytes(bytes), ROOM, overflow);
        Self { messages, files, mail: Mail::new() }
    }

    fn send(&self, text: &Text) -> usize {
        let cell = self.messages.tray.free(0).expect("a free cell");
        let load = self.messages.write(cell, &"a message", text).expect("it can be written");
        self.messages.tray.send(cell, 1, cell as u64, load.word(), 0, &self.mail);
        cell
    }

    fn receive(&self) -> Vec<Received> {
        let mut waiting = Vec::new();
        self.mail.announce_all();
        collect([self.messages.tray].into_iter(), &self.mail, 1, &mut waiting);
        waiting.into_iter().map(|waiting| self.messages.take(waiting, ONE).expect("it is ready")).collect()
    }

    /// [manager] As for a death, when the cells are settled.
    fn settle(&self, is_sender_alive: bool) {
        self.messages.overflow.claims.settle(self.messages.tray.cells, is_sender_alive);
        self.files.settle(|_, claim| claim.is_live(self.messages.tray.cells, is_sender_alive));
    }

    /// How many large cells are claimed, and how many files there are.
    fn in_use(&self) -> (usize, usize) {
        let files = fs::read_dir(self.files.place().to_string()).expect("it is there").count();
        (self.messages.overflow.claims.count(), files)
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.files.end();
        assert!(!Path::new(&self.files.place().to_string()).exists());
    }
}

#[test]
fn messages_of_all_sizes_come_whole_and_leave_nothing() {
    let sender = Sender::new();
    for (length, in_use) in
        [(0, (0, 0)), (ROOM, (0, 0)), (ROOM + 1, (1, 0)), (100 << 10, (1, 0)), (LARGE, (1, 0)), (LARGE + 1, (0, 1)), (5 << 20, (0, 1))]
    {
        let text = Text::of(length);
        sender.send(&text);
        assert_eq!(sender.in_use(), in_use, "{length}");
        for received in sender.receive() {
            assert_eq!(&*sender.messages.read(&received).expect("it is there"), text.0.as_slice(), "{length}");
            assert_eq!(sender.in_use(), in_use, "{length}: its receiver is at it");
            sender.messages.put_away(received);
        }
        assert_eq!(sender.in_use(), (0, 0), "{length}");
    }
}

#[test]
fn more_large_messages_than_large_cells_go_through_files() {
    let sender = Sender::new();
    let texts: Vec<Text> = (0..4).map(|at| Text::of(ROOM + 1 + at)).collect();
    for text in &texts {
        sender.send(text);
    }
    assert_eq!(sender.in_use(), (LARGE_ONES, 2));
    for (received, text) in sender.receive().into_iter().zip(&texts) {
        assert_eq!(&*sender.messages.read(&received).expect("it is there"), text.0.as_slice());
        sender.messages.put_away(received);
    }
    assert_eq!(sender.in_use(), (0, 0));
}

#[test]
fn a_dead_sender_leaves_what_it_has_sent_and_nothing_else() {
    let sender = Sender::new();
    let (small, large) = (Text::of(ROOM + 1), Text::of(LARGE + 1));
    sender.send(&small);
    sender.send(&large);
    // It writes two more, and does not come to send them.
    let cells = sender.messages.tray.cells.iter().enumerate().filter(|(_, cell)| cell.state().phase == Phase::Free);
    for ((cell, _), text) in cells.zip([&small, &large]) {
        sender.messages.write(cell, &"a message", text).expect("it can be written");
    }
    assert_eq!(sender.in_use(), (2, 2));
    sender.settle(true);
    assert_eq!(sender.in_use(), (2, 2), "it lives, and may be about to send them");
    for _ in 0..2 {
        sender.messages.tray.settle_sender(0, |_| Some(&sender.mail));
        sender.settle(false);
        assert_eq!(sender.in_use(), (1, 1));
    }
    for received in sender.receive() {
        assert!(sender.messages.read(&received).is_ok());
        sender.messages.put_away(received);
    }
    assert_eq!(sender.in_use(), (0, 0));
}

#[test]
fn a_dead_receiver_leaves_nothing_of_what_it_was_at() {
    let sender = Sender::new();
    for length in [ROOM + 1, LARGE + 1] {
        sender.send(&Text::of(length));
    }
    let begun = sender.receive();
    sender.settle(true);
    assert_eq!(sender.in_use(), (1, 1), "it lives, and is at them");
    for _ in 0..2 {
        sender.messages.tray.settle_receiver(ONE, false);
        sender.settle(true);
        assert_eq!(sender.in_use(), (0, 0));
    }
    assert!(sender.messages.read(&begun[0]).is_err() && sender.messages.read(&begun[1]).is_err());
}

#[test]
fn a_load_that_another_process_made_up_is_an_error() {
    let sender = Sender::new();
    let cell = sender.send(&Text::of(LARGE + 1));
    for place in [Place::Cell, Place::Large(0), Place::Large(1), Place::Large(255), Place::File] {
        for length in [ROOM + 1, LARGE, LARGE + 2, u32::MAX as usize] {
            let received = Received { cell, state: sender.messages.tray.cells[cell].state(), load: Load { length: length as u32, place } };
            assert!(sender.messages.read(&received).is_err(), "{place:?} {length}");
        }
    }
}
