//! The servers that are compared. Each runs in a process of its own: this program again, told by an environment variable what to be.

use crate::counting;
use nix::{
    errno::Errno,
    sys::{
        epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
        socket::{MsgFlags, recv, send},
    },
};
use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read},
    net::{SocketAddr, TcpListener, TcpStream},
    os::fd::AsRawFd,
    process::{Child, Command, Stdio},
};
use swoole::{CloseReason, SessionId, Worker};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Says what to be.
pub(crate) const SERVE: &str = "BUDGET_SERVE";

/// A message that asks ours for its allocations.
pub(crate) const ALLOCATIONS: &[u8] = b"?allocations";

/// Runs the server of this name until it is killed.
pub(crate) fn serve(name: &str) {
    match name {
        "raw" => raw(),
        "tokio" => tokio_current_thread(),
        _ => {
            counting::begin();
            Echo::builder().workers(1).reactors(1).listen("tcp://127.0.0.1:0").start().expect("it starts");
        }
    }
}

#[derive(Default)]
struct Echo;

#[swoole::server(mode = "process")]
impl Echo {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        if data == ALLOCATIONS {
            let count = counting::count();
            worker.send(fd, &count.to_le_bytes())?;
        } else {
            worker.send(fd, data)?;
        }
        Ok(())
    }

    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
}

/// The limit: one thread, epoll, recv, send.
fn raw() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("non-blocking");
    eprintln!("listening on tcp://{}", listener.local_addr().expect("an address"));
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).expect("an epoll");
    let watch =
        |fd: &dyn std::os::fd::AsFd, data: i32| epoll.add(fd.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN, data as u64)).expect("a place");
    let accepting = listener.as_raw_fd();
    watch(&listener, accepting);
    let mut streams: HashMap<i32, TcpStream> = HashMap::new();
    let mut events = vec![EpollEvent::empty(); 1024];
    let mut buffer = vec![0; 64 << 10];
    loop {
        let ready = epoll.wait(&mut events, EpollTimeout::NONE).unwrap_or(0);
        for event in &events[..ready] {
            let fd = event.data() as i32;
            if fd == accepting {
                while let Ok((stream, _)) = listener.accept() {
                    stream.set_nonblocking(true).expect("non-blocking");
                    stream.set_nodelay(true).expect("no delay");
                    watch(&stream, stream.as_raw_fd());
                    streams.insert(stream.as_raw_fd(), stream);
                }
                continue;
            }
            match recv(fd, &mut buffer, MsgFlags::empty()) {
                Ok(0) => drop(streams.remove(&fd)),
                Ok(length) => {
                    let _ = send(fd, &buffer[..length], MsgFlags::MSG_NOSIGNAL);
                }
                Err(Errno::EAGAIN | Errno::EINTR) => {}
                Err(_) => drop(streams.remove(&fd)),
            }
        }
    }
}

/// What one would write instead.
fn tokio_current_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        eprintln!("listening on tcp://{}", listener.local_addr().expect("an address"));
        loop {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            stream.set_nodelay(true).expect("no delay");
            tokio::spawn(async move {
                let mut buffer = vec![0; 64 << 10];
                while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                    if stream.write_all(&buffer[..length]).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
}

/// A server that runs, and ends with this value.
pub(crate) struct Running {
    process: Child,
    address: SocketAddr,
}

impl Running {
    pub(crate) fn start(name: &str) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut process = Command::new(program).env(SERVE, name).stderr(Stdio::piped()).spawn().expect("a process");
        let mut log = BufReader::new(process.stderr.take().expect("piped"));
        let address = loop {
            let mut line = String::new();
            assert!(log.read_line(&mut line).expect("a log") > 0, "{name} did not start");
            if let Some(rest) = line.split("listening on tcp://").nth(1) {
                break rest.split_whitespace().next().and_then(|address| address.parse().ok()).expect("an address");
            }
        };
        // Read to its end, so that the server never waits for its log.
        std::thread::spawn(move || log.read_to_end(&mut Vec::new()));
        Self { process, address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
