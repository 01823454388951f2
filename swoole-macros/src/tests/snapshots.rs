//! What the attribute makes of whole servers, held against the files in `snapshots/`, which are there to be read.
//!
//! After a change of the expansion write them anew with `SNAPSHOTS=overwrite cargo test -p swoole-macros`, and read them.

use crate::expand;
use proc_macro2::TokenStream;
use quote::quote;
use std::{
    env, fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

/// As `cargo fmt` has it.
fn formatted(tokens: &TokenStream) -> String {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition=2024", "--config=max_width=120,use_small_heuristics=Max"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("rustfmt is part of the toolchain");
    rustfmt.stdin.take().unwrap().write_all(tokens.to_string().as_bytes()).unwrap();
    let output = rustfmt.wait_with_output().unwrap();
    assert!(output.status.success(), "{tokens}");
    String::from_utf8(output.stdout).unwrap()
}

fn compare(name: &str, attribute: TokenStream, block: TokenStream) {
    let text = formatted(&expand(attribute, block));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(name).with_extension("rs");
    if env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        fs::write(&path, &text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, kept, "{} is another now", path.display());
}

#[test]
fn an_echo() {
    compare(
        "echo",
        quote!(mode = "process", workers = 2, listen = "tcp://127.0.0.1:9501"),
        quote! {
            impl Echo {
                fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
                fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
                    worker.send(fd, data)?;
                    Ok(())
                }
                fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
            }
        },
    );
}

#[test]
fn listeners_with_callbacks_of_their_own() {
    compare(
        "listeners",
        quote!(
            listen = "tcp://127.0.0.1:9501",
            listener(name = "admin", listen = "unix:///run/echo.sock", backlog = LONG, on_receive = admin_receive),
            listener(name = "other", tcp_keepalive(count = 3), on_receive = admin_receive, on_close = on_close)
        ),
        quote! {
            impl Echo {
                fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
                fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
                fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
                fn admin_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
            }
        },
    );
}

#[test]
fn values_that_the_compiler_computes_and_callbacks_under_a_condition() {
    compare(
        "computed",
        quote!(workers = CPUS * 2, max_wait_time = secs(PATIENCE) + mins(1), ring_memory = mib(32)),
        quote! {
            impl<'a, T: Send> Echo<'a, T>
            where
                T: Clone,
            {
                fn on_worker_start(worker: &WorkerStart) -> Result<Self, String> {
                    Self::for_worker(worker.id())
                }
                fn on_connect<'b>(&mut self, _worker: &'b Worker<Self>, _fd: SessionId) {}
                #[cfg(unix)]
                fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) {}
                #[cfg(not(unix))]
                fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) {}
                #[cfg(feature = "panics")]
                fn on_panic(worker: &Worker<Self>, fd: Option<SessionId>, message: &str) {}
                fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
            }
        },
    );
}

#[test]
fn faults_and_what_is_right_beside_them() {
    compare(
        "faulty",
        quote!(listen = "tcp://127.0.0.1:9501", workrs = 2, log_lev),
        quote! {
            impl Echo {
                fn on_connect(&self, _worker: &Worker<Self>, _fd: SessionId) {}
                fn on_receive(&mut self, fd: SessionId, worker: &Worker<Self>, data: &[u8]) {}
            }
        },
    );
}

#[test]
fn the_type_of_a_message() {
    compare(
        "messages",
        quote!(message_queue = 64),
        quote! {
            impl Rooms {
                fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
                fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> Result<(), MessageError> {
                    worker.send_message(0, &Event::Said(fd, data))
                }
                fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
                fn on_pipe_message(&mut self, worker: &Worker<Self>, from: WorkerId, message: Event<'_>) {
                    self.take(worker, message);
                }
            }
        },
    );
}

#[test]
fn the_types_of_a_task() {
    compare(
        "tasks",
        quote!(task_workers = 2),
        quote! {
            impl Images {
                fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
                fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) {}
                fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
                fn on_task(&mut self, _task_worker: &TaskWorker<Self>, task: Task<&[u8]>) -> Thumbnail {
                    shrink(&task)
                }
                fn on_finish(&mut self, worker: &Worker<Self>, task_id: TaskId, output: Thumbnail) {}
            }
        },
    );
}

#[test]
fn user_processes() {
    compare(
        "processes",
        quote!(add_process(name = "metrics", run = collect_metrics), add_process(name = "nights", run = at_nights)),
        quote! {
            impl Shop {
                fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
                fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
                fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
                fn collect_metrics(process: &UserProcess<Self>) -> std::io::Result<()> {
                    while process.wait(Duration::from_secs(1)) == Wake::Elapsed {}
                    Ok(())
                }
                #[cfg(feature = "nights")]
                fn at_nights(_process: &UserProcess<Self>) {}
            }
        },
    );
}
