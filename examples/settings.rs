//! What it shows: settings from a file, and a section of the program's own in it, as a value of the program's own type.
//!
//! Run it:      cargo run --release --example settings -- --config examples/settings.toml
//! Type:        nc 127.0.0.1 9504      what stands behind `>`
//! You see:     what stands behind `<`; with `--print-config` at the end of the command instead, every value and where it comes from,
//!              with `--check` whether all is well, and `SWOOLE_WORKERS=1` in front of it counts more than the file
//!
//! ```text
//! a< Good morning!
//! a> apples
//! a< 3 apples
//! a> pears
//! a< 7 pears
//! a> plums
//! a< no plums
//! a> figs
//! a< one question too many
//! a closed
//! ```

use serde::Deserialize;
use std::collections::HashMap;
use swoole::{CloseReason, SessionId, Worker, WorkerStart};

/// The table `[app]` of the file. A name in it that is none of these is an error that says its line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shop {
    greeting: String,
    /// How many questions a session may ask.
    #[serde(default = "many")]
    questions: u32,
    stock: HashMap<String, u32>,
}

fn many() -> u32 {
    100
}

/// A worker's state: the section, and how often each of its sessions has asked.
struct Server {
    shop: Shop,
    asked: HashMap<SessionId, u32>,
}

#[swoole::server(mode = "process", workers = 4, listen = "tcp://127.0.0.1:9504")]
impl Server {
    fn on_worker_start(worker: &WorkerStart) -> swoole::Result<Self> {
        Ok(Self { shop: worker.app()?, asked: HashMap::new() })
    }

    fn on_connect(&mut self, worker: &Worker<Self>, fd: SessionId) -> swoole::Result<()> {
        Ok(worker.send(fd, format!("{}\n", self.shop.greeting).as_bytes())?)
    }

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        let asked = self.asked.entry(fd).or_default();
        *asked += 1;
        if *asked > self.shop.questions {
            worker.send(fd, b"one question too many\n")?;
            return Ok(worker.close(fd)?);
        }
        let fruit = String::from_utf8_lossy(data);
        let fruit = fruit.trim();
        let answer = self.shop.stock.get(fruit).map_or_else(|| format!("no {fruit}\n"), |left| format!("{left} {fruit}\n"));
        Ok(worker.send(fd, answer.as_bytes())?)
    }

    fn on_close(&mut self, _worker: &Worker<Self>, fd: SessionId, _reason: CloseReason) {
        self.asked.remove(&fd);
    }
}

fn main() -> swoole::Result<()> {
    // With the type told here, a section that does not fit is an error before anything is forked, and of `--check`.
    Server::builder().app::<Shop>().start()
}
