//! The attribute on tokens that a compiler would not let through: half-typed ones, and ones with every kind of fault.

mod snapshots;

use crate::{check, expand, read};
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::quote;

fn good_attribute() -> TokenStream {
    quote!(mode = "process", listen = "tcp://127.0.0.1:9501", workers = 2 + N, max_wait_time = secs(3) + mins(1), ring_memory = mib(2))
}

/// Every kind of value there is, also of what is not there yet.
fn full_attribute() -> TokenStream {
    quote!(
        mode = "base",
        listen = "udp://127.0.0.1:9501",
        frame = length(u32_be, offset = 0, body = 4),
        heartbeat(check = secs(60), idle = secs(120)),
        timers = [1000, 20],
        dispatch = "idle",
        unsafe_events = true,
        task_workers = 2,
        message_cell = kib(8),
        crate = other::swoole,
        tcp_nodelay = !false,
        backlog = -1
    )
}

fn full_block() -> TokenStream {
    quote! {
        impl Echo {
            fn on_packet(&mut self, worker: &Worker<Self>, from: &PacketSource, data: &[u8]) {}
            fn on_receive(&mut self, fd: SessionId, worker: &Worker<Self>, data: &[u8]) -> impl Sized {}
            async fn on_task<'a, J>(&mut self, task_worker: &TaskWorker<Self>, task: Task<Job<'a>>) -> Result<Output, String> {}
            #[cfg(unix)]
            fn on_finish(&mut self, worker: &Worker<Self>, task_id: TaskId, output: Result<Output, String>) {}
            fn on_timer(&mut self, worker: &Worker<Self>, period: Duration) {}
            fn on_pipe_message(&mut self, from: WorkerId, worker: &Worker<Self>, message: (Vec<impl Sized>, &'static str)) {}
        }
    }
}

fn good_block() -> TokenStream {
    quote! {
        /// A server.
        #[allow(dead_code)]
        impl<'a, T: Clone> Echo<'a, T> where T: Send {
            const N: u32 = { 1 };
            #[cfg(unix)]
            fn on_worker_start(worker: &WorkerStart) -> Result<Self, String> {
                Ok(Self { id: worker.id(), f: |x: u8| x < 3, t: PhantomData })
            }
            fn on_connect<'b>(&mut self, worker: &'b Worker<Self>, fd: SessionId) { self.seen += 1; }
            fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
                let answer = match data { [b'q', ..] => b"bye", _ => data };
                worker.send(fd, answer)?;
                Ok(())
            }
            fn on_close(&mut self, worker: &Worker<Self>, fd: SessionId, reason: CloseReason) {}
            fn helper(&self) -> usize { self.seen }
        }
    }
}

/// Every stream that is this one with the end cut off, at any depth, after any token and any letter of a name; groups stay closed, as in
/// an editor.
fn cut_off(tokens: &TokenStream) -> Vec<TokenStream> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut all = vec![TokenStream::new()];
    for (at, token) in tokens.iter().enumerate() {
        let before = tokens[..at].iter().cloned();
        if let TokenTree::Group(group) = token {
            let inside = cut_off(&group.stream());
            all.extend(
                inside.into_iter().map(|inside| before.clone().chain([TokenTree::Group(Group::new(group.delimiter(), inside))]).collect()),
            );
        }
        if let TokenTree::Ident(name) = token {
            let name = name.to_string();
            let letters = name.char_indices().map(|(end, _)| &name[..end]).filter(|part| syn::parse_str::<Ident>(part).is_ok());
            all.extend(letters.map(|part| before.clone().chain([TokenTree::Ident(Ident::new(part, Span::call_site()))]).collect()));
        }
        all.push(tokens[..=at].iter().cloned().collect());
    }
    all
}

fn faults(attribute: TokenStream, item: TokenStream) -> Vec<String> {
    let (faults, _) = check::check(read::attribute(attribute), read::item(item));
    faults.iter().map(|fault| fault.text().to_owned()).collect()
}

#[test]
fn a_good_server_has_no_fault_and_a_row_for_each_callback() {
    assert_eq!(faults(good_attribute(), good_block()), [""; 0]);
    let expanded = expand(good_attribute(), good_block()).to_string();
    for name in ["on_worker_start", "on_connect", "on_receive", "on_close"] {
        assert!(expanded.contains(&format!("Self :: {name} (")), "{name}: {expanded}");
    }
}

#[test]
fn an_item_that_was_cut_off_anywhere_survives_as_it_is() {
    for (attribute, block) in [(good_attribute(), good_block()), (full_attribute(), full_block())] {
        let cuts = cut_off(&block);
        assert!(cuts.len() > 400, "{}", cuts.len());
        for item in cuts {
            let expanded = expand(attribute.clone(), item.clone()).to_string();
            assert!(expanded.contains(&item.to_string()), "{item}");
        }
    }
}

#[test]
fn an_attribute_that_was_cut_off_anywhere_leaves_the_item_as_it_is() {
    for (attribute, block) in [(good_attribute(), good_block()), (full_attribute(), full_block())] {
        for attribute in cut_off(&attribute) {
            let expanded = expand(attribute, block.clone()).to_string();
            assert!(expanded.contains(&block.to_string()));
            assert!(expanded.contains("Self :: on_receive ("));
        }
    }
}

/// Completion is asked for at the name that is being typed: there has to be a call of that name.
#[test]
fn a_key_that_is_half_typed_is_still_a_call_of_a_setter() {
    for half in [quote!(listen = "tcp://127.0.0.1:9501", wor), quote!(wor, workers = 2), quote!(workers =), quote!(log_lev = "info")] {
        let name = half.clone().into_iter().find(|token| matches!(token.to_string().as_str(), "wor" | "workers" | "log_lev")).unwrap();
        let expanded = expand(half, good_block()).to_string();
        assert!(expanded.contains(&format!("settings_so_far . {name} (")), "{expanded}");
    }
}

#[test]
fn a_body_that_was_cut_off_anywhere_costs_no_callback() {
    let half_typed = quote!(let x = vec![1, 2; if] self.seen < 3 { worker. } else => fn unsafe impl struct ; 'a: loop { let });
    for body in cut_off(&half_typed) {
        let body = TokenTree::Group(Group::new(Delimiter::Brace, body));
        let block = quote! {
            impl Echo {
                fn on_connect(&mut self, worker: &Worker<Self>, fd: SessionId) {}
                fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) #body
                fn on_close(&mut self, worker: &Worker<Self>, fd: SessionId, reason: CloseReason) {}
            }
        };
        assert_eq!(faults(good_attribute(), block.clone()), [""; 0], "{block}");
        let expanded = expand(good_attribute(), block).to_string();
        assert!(["on_connect", "on_receive", "on_close"].iter().all(|name| expanded.contains(&format!("Self :: {name} ("))));
    }
}

#[test]
fn a_signature_that_nobody_can_read_is_no_missing_callback() {
    let block = quote! {
        impl Echo {
            fn on_connect(&mut self, worker: &Worker<Self>, fd: SessionId) {}
            fn on_receive(&mut self, worker: &Worker<Self>, fd: , data) -> {}
            pub async unsafe extern "C" fn on_close
        }
    };
    assert_eq!(faults(good_attribute(), block), [""; 0]);
}

#[test]
fn every_fault_says_what_is_wrong_and_why_and_what_to_write() {
    let attribute = quote!(
        mode = base,
        workrs = 1,
        colour = 1,
        task_workers = 1,
        package_eof = 1,
        heartbeat(check = 1),
        backlog,
        "stray",
        tcp_nodelay = true,
        tcp_nodelay = false,
        reactors(2),
        max_wait_time = hours(2)
    );
    let block = quote! {
        impl Echo {
            fn start() {}
            fn on_coffee() {}
            fn on_task() {}
            fn on_tsak() {}
            fn on_conect() {}
            unsafe extern "C" fn on_start<T>(self, first: T, second: impl Send) {}
            async fn on_receive(&self, #[cfg(unix)] worker: &'static Worker<Self>, fd: SessionId) {}
            #[cfg_attr(unix, cfg(unix))]
            const fn on_shutdown(master: &Master) {}
        }
    };
    let texts = faults(attribute, block);
    assert!(texts.len() > 25, "{}", texts.len());
    for text in texts {
        let lines: Vec<&str> = text.lines().collect();
        assert!(matches!(lines.as_slice(), [_, note, help] if note.starts_with("note: ") && help.starts_with("help: ")), "{text}");
        assert!(!lines[0].ends_with('.') && !lines[0].starts_with(char::is_uppercase), "{text}");
    }
}
