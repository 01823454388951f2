//! Messages between processes, with deaths of the sender, the receiver and the manager. The cells and the mail are the runtime's; who
//! calls them is written here, in the order that their documentation asks for.

use crate::{
    bell::{Bed, Bell},
    explore::{Depth, explore, explore_deaths, explore_two_deaths, failure, failure_with_deaths},
    flag::{Answers, Flag},
    job::{Bits, Holder, JobCell, Phase},
    mortal::killed_before,
    slot::Slot,
    sync::{AtomicU64, Ordering, Without},
    tray::{Mail, Tray, collect},
};
use loom::{
    sync::{Condvar, Mutex as Gate},
    thread,
};
use std::sync::{Arc, Mutex};

/// One line of the protocol that is left out or done elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mutant {
    None,
    /// The receiver does not look again after it raised its flag.
    SleepsAtOnce,
    /// The mail comes before the message.
    MailFirst,
    /// The manager does nothing about a death.
    Silent,
    /// It announces and rings nobody.
    SettlesUnheard,
    /// It announces nothing to the successor of a receiver.
    NoMailForTheSuccessor,
    /// A message is put away before its callback.
    PutAwayFirst,
}

/// What has come to a message. Known to the test alone.
#[derive(Clone, Copy, Default, Debug)]
struct Fate {
    begun: u32,
    heard: u32,
}

/// Some senders and one receiver.
struct Scene {
    senders: Vec<Sender>,
    mail: Mail,
    asleep: Flag,
    bell: Bell,
    /// Nobody sends any more.
    over: AtomicU64,
    fates: Mutex<[Fate; MESSAGES]>,
    /// How many are through.
    through: (Gate<usize>, Condvar),
    /// Where mail goes that nobody reads.
    nowhere: Mail,
    mutant: Mutant,
}

struct Sender {
    cells: Vec<JobCell>,
    ready: [AtomicU64; 1],
    bytes: Vec<Slot>,
}

/// The most that a model has.
const MESSAGES: usize = 3;

/// The receiver's number, and its generations.
const TO: u16 = 5;
const MORTAL: Holder = Holder { task_worker: TO, generation: 1 };
const SUCCESSOR: Holder = Holder { generation: 2, ..MORTAL };

impl Scene {
    fn new(senders: usize, cells: usize, mutant: Mutant) -> Arc<Self> {
        let word = || AtomicU64::new(0);
        let sender = |_| Sender {
            cells: (0..cells).map(|_| JobCell::new()).collect(),
            ready: [word()],
            bytes: (0..cells).map(|_| Slot::new()).collect(),
        };
        Arc::new(Self {
            senders: (0..senders).map(sender).collect(),
            mail: Mail::new(),
            asleep: Flag::new(),
            bell: Bell::new(),
            over: word(),
            fates: Mutex::default(),
            through: (Gate::new(0), Condvar::new()),
            nowhere: Mail::new(),
            mutant,
        })
    }

    fn tray(&self, sender: usize) -> Tray<'_> {
        let Sender { cells, ready, .. } = &self.senders[sender];
        Tray::new(cells, Bits::new(ready))
    }

    fn see(&self, message: u64, happens: impl FnOnce(&mut Fate)) {
        happens(&mut self.fates.lock().expect("a process dies elsewhere")[message as usize]);
    }

    /// [sender] Sends these, as far as there are cells; waits for nobody.
    fn send(&self, sender: usize, messages: core::ops::Range<u64>) {
        let tray = self.tray(sender);
        let mut answers = Answers::default();
        for message in messages {
            let Some(cell) = tray.free(0) else { return };
            if self.mutant == Mutant::MailFirst {
                self.mail.announce(sender);
            }
            self.senders[sender].bytes[cell].set(message);
            let mail = if self.mutant == Mutant::MailFirst { &self.nowhere } else { &self.mail };
            tray.send(cell, TO, message, message, sender, mail);
            if answers.owed(&self.asleep) {
                self.bell.ring();
            }
        }
    }

    /// [receiver] Until nobody sends any more.
    fn receive(&self, holder: Holder) {
        self.asleep.lower();
        let mut bed = Bed::default();
        let mut waiting = Vec::new();
        loop {
            let over = self.over.load(Ordering::Acquire) == 1;
            collect((0..self.senders.len()).map(|sender| self.tray(sender)), &self.mail, TO, &mut waiting);
            for message in &waiting {
                let tray = self.tray(message.sender);
                let Some(taken) = tray.take(message.cell, holder) else { continue };
                if self.mutant == Mutant::PutAwayFirst {
                    tray.put_away(message.cell, taken);
                }
                self.see(message.ticket, |fate| fate.begun += 1);
                // `on_pipe_message`.
                let bytes = self.senders[message.sender].bytes[message.cell].get();
                assert_eq!(bytes, message.ticket, "another message's bytes");
                self.see(message.ticket, |fate| fate.heard += 1);
                if self.mutant != Mutant::PutAwayFirst {
                    tray.put_away(message.cell, taken);
                }
                *self.through.0.lock().expect("no holder of it dies") += 1;
                self.through.1.notify_all();
            }
            if !waiting.is_empty() {
                continue;
            }
            if over {
                return;
            }
            self.asleep.raise();
            if self.mutant == Mutant::SleepsAtOnce || !self.mail.is_any() {
                bed.sleep(&self.bell);
            }
            self.asleep.lower();
        }
    }

    /// [manager] This sender is dead.
    fn settle_sender(&self, sender: usize) {
        if self.mutant == Mutant::Silent {
            return;
        }
        self.tray(sender).settle_sender(sender, |to| (to == usize::from(TO)).then_some(&self.mail));
        if self.mutant != Mutant::SettlesUnheard {
            self.bell.ring();
        }
    }

    /// [manager] The receiver is dead.
    fn settle_receiver(&self) {
        if self.mutant == Mutant::Silent {
            return;
        }
        for sender in 0..self.senders.len() {
            self.tray(sender).settle_receiver(MORTAL, false);
        }
        if self.mutant != Mutant::NoMailForTheSuccessor {
            self.mail.announce_all();
        }
        self.asleep.lower();
    }

    /// How many messages were sent: that move is the only one that counts up.
    fn sent(&self) -> usize {
        self.senders.iter().flat_map(|sender| &sender.cells).map(|cell| cell.state().sequence as usize).sum()
    }

    /// Until all are through, before the bell of the end could wake anybody.
    fn await_all(&self) {
        let sent = self.sent();
        let (through, all) = &self.through;
        let mut through = through.lock().expect("no holder of it dies");
        while *through < sent {
            through = all.wait(through).expect("no holder of it dies");
        }
    }

    fn end(&self) {
        self.over.store(1, Ordering::Release);
        self.bell.ring();
    }

    /// When all have ended: each message that was sent has begun once, and was heard but for one that a death cut off.
    fn judge(&self, cut_off: usize) {
        for cell in self.senders.iter().flat_map(|sender| &sender.cells) {
            assert_eq!(cell.state().phase, Phase::Free, "a cell leaks");
        }
        let sent = self.sent();
        let fates = *self.fates.lock().expect("nobody holds it");
        assert!(fates.iter().all(|fate| fate.begun <= 1 && fate.heard <= fate.begun), "begun twice: {fates:?}");
        let heard = fates.iter().filter(|fate| fate.heard == 1).count();
        assert!(heard <= sent && sent - heard <= cut_off, "lost: {sent} sent, {fates:?}");
    }
}

/// Everybody lives.
fn round(senders: usize, cells: usize, each: u64, mutant: Mutant) {
    let scene = Scene::new(senders, cells, mutant);
    let theirs = Arc::clone(&scene);
    let receiver = thread::spawn(move || theirs.receive(MORTAL));
    let others: Vec<_> = (1..senders)
        .map(|sender| {
            let scene = Arc::clone(&scene);
            thread::spawn(move || scene.send(sender, sender as u64 * each..(sender as u64 + 1) * each))
        })
        .collect();
    scene.send(0, 0..each);
    others.into_iter().for_each(|other| other.join().expect("it lives"));
    scene.await_all();
    scene.end();
    receiver.join().expect("it lives");
    scene.judge(0);
}

/// The sender dies, and the manager over it.
fn sender_dies(k: (u32, u32), mutant: Mutant) -> (bool, bool) {
    let scene = Scene::new(1, 2, mutant);
    let (receivers, theirs) = (Arc::clone(&scene), Arc::clone(&scene));
    let receiver = thread::spawn(move || receivers.receive(MORTAL));
    let mortal = thread::spawn(move || killed_before(k.0, || theirs.send(0, 0..2)).is_none());
    let mut died = (mortal.join().expect("it is killed inside"), false);
    if died.0 {
        died.1 = killed_before(k.1, || scene.settle_sender(0)).is_none();
        if died.1 {
            scene.settle_sender(0);
        }
    }
    scene.await_all();
    scene.end();
    receiver.join().expect("it lives");
    scene.judge(0);
    died
}

/// The receiver dies, and the manager over it; a successor goes on.
fn receiver_dies(k: (u32, u32), mutant: Mutant) -> (bool, bool) {
    let scene = Scene::new(1, 2, mutant);
    let (theirs, senders) = (Arc::clone(&scene), Arc::clone(&scene));
    let sender = thread::spawn(move || {
        senders.send(0, 0..2);
        senders.end();
    });
    let mortal = thread::spawn(move || killed_before(k.0, || theirs.receive(MORTAL)).is_none());
    let mut died = (mortal.join().expect("it is killed inside"), false);
    if died.0 {
        died.1 = killed_before(k.1, || scene.settle_receiver()).is_none();
        if died.1 {
            scene.settle_receiver();
        }
        scene.receive(SUCCESSOR);
    }
    sender.join().expect("it lives");
    scene.judge(usize::from(died.0));
    died
}

const NEVER: u32 = u32::MAX;

#[test]
fn every_message_is_heard_once() {
    for (senders, cells, each, preemptions, floor) in [(1, 1, 2, 3, 250), (1, 2, 2, 2, 600), (2, 1, 1, 2, 8000)] {
        let name = format!("messages, senders: {senders}, cells: {cells}");
        explore(&name, Depth::Preemptions(preemptions), floor, move || round(senders, cells, each, Mutant::None));
    }
}

#[test]
fn what_a_dead_sender_has_sent_is_heard_though_the_manager_dies_over_it() {
    // One preemption more is 70 000 interleavings of each, and as green.
    explore_deaths("a sender dies", Depth::Preemptions(1), 1000, |k| sender_dies((k, NEVER), Mutant::None).0);
    explore_two_deaths("sender and manager die", Depth::Preemptions(0), 400, |k| sender_dies(k, Mutant::None));
}

#[test]
fn what_was_sent_to_a_dead_receiver_is_heard_by_its_successor_though_the_manager_dies_over_it() {
    explore_deaths("a receiver dies", Depth::Preemptions(1), 1000, |k| receiver_dies((k, NEVER), Mutant::None).0);
    explore_two_deaths("receiver and manager die", Depth::Preemptions(1), 1000, |k| receiver_dies(k, Mutant::None));
}

fn found(without: Without, mutant: Mutant) -> String {
    failure(without, Depth::Preemptions(2), move || round(1, 1, 2, mutant))
}

#[test]
fn a_receiver_that_sleeps_at_once_is_found() {
    let said = found(Without::Nothing, Mutant::SleepsAtOnce);
    assert!(said.contains("deadlock"), "{said}");
}

#[test]
fn a_flag_without_its_fence_is_found() {
    let said = found(Without::Fence, Mutant::None);
    assert!(said.contains("deadlock"), "{said}");
}

#[test]
fn words_without_their_order_are_found() {
    for without in [Without::Release, Without::Acquire] {
        let said = found(without, Mutant::None);
        assert!(!said.is_empty(), "{without:?}");
    }
}

#[test]
fn a_message_that_is_put_away_first_is_found() {
    let said = failure(Without::Nothing, Depth::Preemptions(3), || round(1, 1, 2, Mutant::PutAwayFirst));
    assert!(said.contains("another message's bytes") || said.contains("Causality violation"), "{said}");
}

#[test]
fn mail_before_the_message_is_found() {
    let said = failure(Without::Nothing, Depth::Preemptions(2), || round(1, 1, 1, Mutant::MailFirst));
    assert!(said.contains("deadlock"), "{said}");
}

#[test]
fn a_manager_that_is_silent_about_a_senders_death_or_rings_nobody_is_found() {
    for mutant in [Mutant::Silent, Mutant::SettlesUnheard] {
        let said = failure_with_deaths(Without::Nothing, Depth::Preemptions(1), move |k| sender_dies((k, NEVER), mutant).0);
        assert!(said.contains("deadlock"), "{mutant:?}: {said}");
    }
}

#[test]
fn a_manager_that_is_silent_about_a_receivers_death_is_found() {
    let said = failure_with_deaths(Without::Nothing, Depth::Preemptions(1), |k| receiver_dies((k, NEVER), Mutant::Silent).0);
    assert!(said.contains("a cell leaks") || said.contains("lost"), "{said}");
}

#[test]
fn a_manager_that_announces_nothing_to_the_successor_is_found() {
    let said = failure_with_deaths(Without::Nothing, Depth::Preemptions(1), |k| receiver_dies((k, NEVER), Mutant::NoMailForTheSuccessor).0);
    assert!(said.contains("a cell leaks") || said.contains("lost"), "{said}");
}
