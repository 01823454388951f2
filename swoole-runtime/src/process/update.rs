//! What a master and the one that takes its place say to each other, each a message of its own kind, over the line of `sys::handover`.
//!
//! The old one is in charge: until it has said `Yours` it may end the other and go on, and nothing has changed. A new one that has taken all and
//! hears the end of the line instead is the only one that is left, and goes on.

/// Both sides speak the same version of this, or the new one is refused.
pub(crate) const VERSION: &str = "swoole-update 1";

/// The kinds of messages.
pub(crate) mod word {
    /// From the old one: a [`Server`](super::Server), with the sockets of its listeners.
    pub(crate) const SERVER: u8 = 1;
    /// From the new one: why not, in words.
    pub(crate) const REFUSED: u8 = 2;
    /// From the new one: its workers are ready.
    pub(crate) const READY: u8 = 3;
    /// From the old one: its counters, with a piece of memory that has the sessions; then their descriptors; then that this was all.
    pub(crate) const SESSIONS: u8 = 4;
    pub(crate) const DESCRIPTORS: u8 = 5;
    pub(crate) const ALL: u8 = 6;
    /// From the new one: it has them.
    pub(crate) const TAKEN: u8 = 7;
    /// From the old one: serve.
    pub(crate) const YOURS: u8 = 8;
    /// From the new one: it does.
    pub(crate) const SERVING: u8 = 9;
}

/// What a server is, as far as its successor must know.
#[derive(Default, PartialEq, Eq, Debug)]
pub(crate) struct Server {
    /// A session keeps its number, which says its row: the successor must have as many.
    pub(crate) max_conn: u32,
    pub(crate) workers: usize,
    /// In the order of their sockets.
    pub(crate) listeners: Vec<Known>,
}

/// A listener.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Known {
    pub(crate) name: String,
    pub(crate) url: String,
    /// Whether the server has made its file.
    pub(crate) has_file: bool,
    /// Whether something may have come in there that no worker has had.
    pub(crate) keeps_tails: bool,
}

impl Server {
    pub(crate) fn text(&self) -> String {
        let one_line = |text: &str| text.replace(['\n', '\t'], " ");
        let mut text = format!("{VERSION}\n");
        text += &format!("max_conn\t{}\nworkers\t{}\n", self.max_conn, self.workers);
        for Known { name, url, has_file, keeps_tails } in &self.listeners {
            text += &format!("listener\t{name}\t{}\t{has_file}\t{keeps_tails}\n", one_line(url));
        }
        text
    }

    /// `None` for a text of another version.
    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        let mut lines = core::str::from_utf8(text).ok()?.lines();
        if lines.next() != Some(VERSION) {
            return None;
        }
        let mut server = Self::default();
        for line in lines {
            match *line.split('\t').collect::<Vec<_>>() {
                ["max_conn", number] => server.max_conn = number.parse().ok()?,
                ["workers", number] => server.workers = number.parse().ok()?,
                ["listener", name, url, has_file, keeps_tails] => {
                    let (has_file, keeps_tails) = (has_file == "true", keeps_tails == "true");
                    server.listeners.push(Known { name: name.to_owned(), url: url.to_owned(), has_file, keeps_tails });
                }
                _ => return None,
            }
        }
        Some(server)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_comes_back_as_what_it_was() {
        let server = Server {
            max_conn: 10_000,
            workers: 8,
            listeners: vec![
                Known { name: "main".to_owned(), url: "tcp://127.0.0.1:0".to_owned(), has_file: false, keeps_tails: true },
                Known { name: "local".to_owned(), url: "unix:///run/a b.sock".to_owned(), has_file: true, keeps_tails: false },
            ],
        };
        assert_eq!(Server::read(server.text().as_bytes()), Some(server));
        for text in ["", "swoole-update 2\n", "swoole-update 1\nfrom\tafar\n", "swoole-update 1\nlistener\tmain\n"] {
            assert_eq!(Server::read(text.as_bytes()), None, "{text}");
        }
    }
}
