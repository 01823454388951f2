//! What it shows: timers. Whoever bids starts the clock: each tick says where the hammer is, and the third one ends the clock and sells. A
//! higher bid ends the clock of the one before, and starts its own.
//!
//! Run it:      cargo run --release --example auction
//! Type:        nc 127.0.0.1 9509      what stands behind `>`
//! You see:     what stands behind `<`
//!
//! ```text
//! a> 10
//! a< 10 is bid
//! b> 5
//! b< 10 is bid already
//! b> 20
//! a< 20 is bid
//! b< 20 is bid
//! a< going once
//! b< going once
//! a< going twice
//! b< going twice
//! a< sold for 20
//! b< sold for 20
//! b> 1
//! b< 1 is bid
//! ```

use std::time::Duration;
use swoole::{CloseReason, SessionId, TimerId, Worker};

/// How long the hammer waits.
const PATIENCE: Duration = Duration::from_millis(1500);

#[derive(Default)]
struct Auction {
    bidders: Vec<SessionId>,
    /// The highest bid, and its clock.
    highest: Option<(u64, TimerId)>,
}

#[swoole::server(mode = "process", workers = 1, listen = "tcp://127.0.0.1:9509")]
impl Auction {
    fn on_connect(&mut self, _worker: &Worker<Self>, fd: SessionId) {
        self.bidders.push(fd);
    }

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        let line = String::from_utf8_lossy(data);
        let Ok(bid) = line.trim().parse() else {
            return Ok(worker.send(fd, format!("`{}` is not a number\n", line.trim()).as_bytes())?);
        };
        if let Some((highest, clock)) = self.highest {
            if bid <= highest {
                return Ok(worker.send(fd, format!("{highest} is bid already\n").as_bytes())?);
            }
            worker.clear_timer(clock);
        }
        self.tell(worker, &format!("{bid} is bid\n"));
        let mut ticks = 0;
        let clock = worker.tick(PATIENCE, move |this, worker| {
            ticks += 1;
            match ticks {
                1 => this.tell(worker, "going once\n"),
                2 => this.tell(worker, "going twice\n"),
                _ => this.sell(worker),
            }
        })?;
        self.highest = Some((bid, clock));
        Ok(())
    }

    fn on_close(&mut self, _worker: &Worker<Self>, fd: SessionId, _reason: CloseReason) {
        self.bidders.retain(|bidder| *bidder != fd);
    }
}

impl Auction {
    fn sell(&mut self, worker: &Worker<Self>) {
        if let Some((bid, clock)) = self.highest.take() {
            worker.clear_timer(clock);
            self.tell(worker, &format!("sold for {bid}\n"));
        }
    }

    fn tell(&self, worker: &Worker<Self>, line: &str) {
        for bidder in &self.bidders {
            // Who has gone hears nothing.
            let _ = worker.send(*bidder, line.as_bytes());
        }
    }
}

fn main() -> swoole::Result<()> {
    Auction::start()
}
