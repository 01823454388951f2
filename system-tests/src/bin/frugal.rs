//! An echo server that counts the heap allocations of all its processes together, in a file that they all map.

use nix::sys::mman::{MapFlags, ProtFlags, mmap};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    fs::OpenOptions,
    num::NonZeroUsize,
    ptr::null_mut,
    sync::atomic::{AtomicPtr, AtomicU64, Ordering},
    time::Duration,
};
use swoole::{CloseReason, SessionId, Task, TaskId, TaskWorker, Worker, WorkerId};

/// The variable that names the file.
const COUNTER: &str = "SYSTEM_TEST_COUNTER";

struct Counting;

/// Null until the file is mapped. Relaxed everywhere: it is set before the first fork, and the test counts while nothing happens.
static COUNT: AtomicPtr<AtomicU64> = AtomicPtr::new(null_mut());

fn count() {
    let counter = COUNT.load(Ordering::Relaxed);
    if !counter.is_null() {
        #[allow(unsafe_code, reason = "the counter lies in memory that all processes map")]
        // SAFETY: it points to a mapped page, aligned and never unmapped; `main` stores nothing else.
        let counter = unsafe { &*counter };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

#[allow(unsafe_code, reason = "the trait is unsafe")]
// SAFETY: every call goes to `System`, which keeps the contract; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, and the block is from `System`.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `realloc`, and the block is from `System`.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many timers run beside each other, and how often they run in all.
const TIMERS: usize = 100;
const TICKS: u64 = 10_000;

#[derive(Default)]
struct Frugal {
    ticks: u64,
}

#[swoole::server(mode = "process", workers = 2, task_workers = 2)]
impl Frugal {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        if data == b"allocate\n" {
            drop(std::hint::black_box(vec![0_u8; 100]));
        }
        if data == b"tick\n" {
            return self.tick(worker, fd);
        }
        // The two high bits of the first byte say who echoes it.
        match data.first().map_or(0, |first| first >> 6) {
            2 => worker.task(&(fd, data)).map(|_| ())?,
            3 => worker.send_message(WorkerId::from(1 - worker.id().get()), &(fd, data))?,
            _ => worker.send(fd, data)?,
        }
        Ok(())
    }

    fn on_pipe_message(&mut self, worker: &Worker<Self>, _from: WorkerId, (fd, data): (SessionId, &[u8])) {
        // The client has gone where it is not taken.
        let _ = worker.send(fd, data);
    }

    fn on_task(&mut self, task_worker: &TaskWorker<Self>, task: Task<(SessionId, &[u8])>) {
        let (fd, data) = *task;
        // The client has gone where it is not taken.
        let _ = task_worker.send(fd, data);
    }

    fn on_finish(&mut self, _worker: &Worker<Self>, _task_id: TaskId, _output: ()) {}

    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
}

impl Frugal {
    /// Answers when the timers have run so often.
    fn tick(&mut self, worker: &Worker<Self>, fd: SessionId) -> swoole::Result<()> {
        self.ticks = 0;
        for _ in 0..TIMERS {
            worker.tick(Duration::from_millis(1), move |this, worker| {
                this.ticks += 1;
                if this.ticks < TICKS {
                    return Ok(());
                }
                worker.clear_timers();
                worker.send(fd, b"ticked\n")
            })?;
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::var_os(COUNTER).ok_or("where is the counter?")?;
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let page = NonZeroUsize::new(4096).ok_or("a page has a size")?;
    #[allow(unsafe_code, reason = "maps the counter")]
    // SAFETY: a new mapping at a place the kernel chooses touches no memory that is in use.
    let counter = unsafe { mmap(None, page, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_SHARED, &file, 0) }?;
    COUNT.store(counter.as_ptr().cast(), Ordering::Relaxed);
    Ok(Frugal::start()?)
}
