//! Clients of a tasker that hand over jobs, one after the other each, and begin anew where their session is ended.

use crate::{client::ask, jobs::NEVER};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

/// The clients.
pub struct Load {
    calm: Arc<AtomicBool>,
    asked: Arc<AtomicU64>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Load {
    /// So many clients; their jobs are these in turn.
    #[must_use]
    pub fn begin(address: SocketAddr, clients: u64, jobs: &'static [&'static str]) -> Self {
        let (calm, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let threads = (0..clients).map(|client| {
            let (calm, asked) = (Arc::clone(&calm), Arc::clone(&asked));
            thread::spawn(move || {
                let mut stream = None;
                let mut tag = client * 1_000_000;
                while !calm.load(Ordering::Relaxed) {
                    tag += 1;
                    let what = jobs[tag as usize % jobs.len()];
                    let line = match tag % 3 {
                        0 => format!("task {tag} {what}\n"),
                        1 => format!("with {tag} {what}\n"),
                        _ => format!("wait {NEVER} {tag} {what}\n"),
                    };
                    let has_tag = format!(" tag={tag} ");
                    let is_answer = |answer: &str| {
                        // An output that came to `on_finish` is an answer to somebody: its bytes are its own.
                        assert!(!answer.contains("whole=false"), "another's bytes: {answer:?}");
                        answer.contains(&has_tag)
                    };
                    if ask(&mut stream, address, &line, is_answer).is_some() {
                        asked.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        });
        Self { threads: threads.collect(), calm, asked }
    }

    /// Ends them; how many answers they had.
    ///
    /// # Panics
    /// When one of them had no answer, or a wrong one.
    #[must_use]
    pub fn calm_down(self) -> u64 {
        self.calm.store(true, Ordering::Relaxed);
        self.threads.into_iter().for_each(|thread| thread.join().expect("a client does not panic"));
        self.asked.load(Ordering::Relaxed)
    }
}
