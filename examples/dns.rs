//! What it shows: packets instead of sessions. A name server that answers for the names of a hosts file, read by each worker when it starts: a
//! reload (`kill -USR1`) reads it anew, and no query is lost by it.
//!
//! Run it:      HOSTS=examples/dns.hosts cargo run --release --example dns
//! Type:        what stands behind `$`
//! You see:     what stands below it
//!
//! ```text
//! $ dig @127.0.0.1 -p 9553 +short printer.home
//! 192.168.7.20
//! $ dig @127.0.0.1 -p 9553 +short nas.home
//! 192.168.7.30
//! 192.168.7.31
//! $ dig @127.0.0.1 -p 9553 nobody.home | grep status
//! ;; ->>HEADER<<- opcode: QUERY, status: NXDOMAIN, id: 4660
//! ```

use std::{collections::HashMap, env, fs, io, net::Ipv4Addr};
use swoole::{PacketSource, SendError, Worker, WorkerStart};

struct Dns {
    hosts: HashMap<String, Vec<Ipv4Addr>>,
}

#[swoole::server(mode = "process", workers = 2, listen = "udp://127.0.0.1:9553")]
impl Dns {
    fn on_worker_start(_worker: &WorkerStart) -> io::Result<Self> {
        let file = fs::read_to_string(env::var("HOSTS").unwrap_or_else(|_| "/etc/hosts".to_owned()))?;
        let mut hosts: HashMap<String, Vec<Ipv4Addr>> = HashMap::new();
        for line in file.lines() {
            let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
            let Some(address) = words.next().and_then(|word| word.parse().ok()) else { continue };
            for name in words {
                hosts.entry(name.to_lowercase()).or_default().push(address);
            }
        }
        Ok(Self { hosts })
    }

    fn on_packet(&mut self, worker: &Worker<Self>, from: &PacketSource, data: &[u8]) -> Result<(), SendError> {
        match answer(&self.hosts, data) {
            Some(answer) => worker.send_to(from, &answer),
            // Who sends something else is not told.
            None => Ok(()),
        }
    }
}

const HEADER: usize = 12;
const NO_SUCH_NAME: u8 = 3;
const NOT_IMPLEMENTED: u8 = 4;
const ADDRESS: u16 = 1;

/// The answer to a query with one question; `None` for what is none.
fn answer(hosts: &HashMap<String, Vec<Ipv4Addr>>, query: &[u8]) -> Option<Vec<u8>> {
    let header = query.get(..HEADER)?;
    let (is_answer, kind) = (header[2] & 0x80 != 0, header[2] >> 3 & 0x0f);
    if is_answer || header[4..6] != [0, 1] {
        return None;
    }
    let (name, length) = name(&query[HEADER..])?;
    let question = query.get(HEADER..HEADER + length + 4)?;
    let wanted = u16::from_be_bytes([question[length], question[length + 1]]);
    let known = hosts.get(&name);
    let code = match known {
        _ if kind != 0 => NOT_IMPLEMENTED,
        None => NO_SUCH_NAME,
        Some(_) => 0,
    };
    let addresses = known.filter(|_| wanted == ADDRESS && code == 0).map_or(&[][..], Vec::as_slice);
    // As many as fit a packet of the oldest kind.
    let addresses = &addresses[..addresses.len().min(16)];
    let mut answer = header[..2].to_vec();
    // An answer, of who knows; recursion as it was wanted, and not to be had.
    answer.extend([0x84 | header[2] & 0x79, code, 0, 1, 0, addresses.len() as u8, 0, 0, 0, 0]);
    answer.extend(question);
    for address in addresses {
        // The name of the question, an address of the internet, for a minute, four bytes.
        answer.extend([0xc0, HEADER as u8, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        answer.extend(address.octets());
    }
    Some(answer)
}

/// A name, and how many bytes it takes.
fn name(mut labels: &[u8]) -> Option<(String, usize)> {
    let (mut name, mut length) = (String::new(), 1);
    loop {
        let (&size, rest) = labels.split_first()?;
        if size == 0 {
            return Some((name, length));
        }
        // No label of a question is a reference, which is longer.
        let label = rest.get(..usize::from(size)).filter(|_| size < 64)?;
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(&String::from_utf8_lossy(label).to_lowercase());
        length += 1 + label.len();
        labels = &rest[label.len()..];
    }
}

fn main() -> swoole::Result<()> {
    Dns::start()
}
