//! Clients of a dispatcher that talk while something is done to it: every line has its answer, whatever that is.

use crate::{End, Server};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

/// Says that it is over, also where what was done has panicked.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does this while three clients ask line by line, and three come, say all at once, and go.
///
/// # Panics
/// When a line has no answer, or another's.
pub fn while_clients_talk(server: &Server, act: impl FnOnce()) {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut client = server.connect();
                (0..).take_while(|_| !is_over.load(Ordering::Relaxed)).for_each(|number: u64| {
                    assert_eq!(client.ask_fields(&number.to_string()).number("line"), number);
                });
            });
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let mut client = server.connect();
                    (0..20).for_each(|number| client.say(&number.to_string()));
                    client.finish_talking();
                    let (answers, end) = client.end();
                    assert_eq!((String::from_utf8_lossy(&answers).lines().count(), end), (20, End::Eof));
                }
            });
        }
        let _over = Over(&is_over);
        act();
    });
}
