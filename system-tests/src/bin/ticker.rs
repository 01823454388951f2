//! A server whose clients start timers, and hear what ran and in which order.

use serde::{Deserialize, Serialize};
use std::{
    thread,
    time::{Duration, Instant},
};
use swoole::{CloseReason, Manager, SessionId, Task, TaskId, TaskWorker, TimerError, TimerId, Worker, WorkerExit, WorkerId, WorkerStart};
use system_tests::{journal, script};

/// How many calls of `on_timer` each process notes, of each period.
const NOTED: u64 = 3;

/// Longer than any test lasts.
const NEVER: Duration = Duration::from_secs(3600);

#[derive(Default)]
struct Ticker {
    /// How often `on_timer` ran, of each period.
    slow: u64,
    fast: u64,
    /// What has run, of a client's timers.
    ran: Vec<String>,
    /// How often each of many has run.
    counts: Vec<u32>,
    /// Which of two are to clear each other.
    pair: Vec<TimerId>,
    is_leaving: bool,
}

/// Notes in the journal that it is gone.
struct Noted(&'static str);

impl Drop for Noted {
    fn drop(&mut self) {
        journal::write(&format!("dropped what={}", self.0));
    }
}

#[derive(Serialize, Deserialize)]
enum Job {
    /// Ticks every millisecond, and says so to this session at three counts.
    Tick(u64, [u64; 3]),
    /// Until the alarm rings.
    Nap,
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[swoole::server(mode = "process", workers = 1, task_workers = 1, timers = [20, 7])]
impl Ticker {
    fn on_manager_start(manager: &Manager) {
        journal::write(&format!("on_manager_start pid={}", manager.pid()));
    }

    fn on_worker_error(_manager: &Manager, exit: &WorkerExit) {
        script::worker_error(exit, "");
    }

    fn on_worker_start(worker: &WorkerStart) -> Result<Self, &'static str> {
        script::start(worker).map(|()| Self::default())
    }

    fn on_worker_exit(&mut self, _worker: &Worker<Self>) {
        self.is_leaving = true;
    }

    fn on_timer(&mut self, worker: &Worker<Self>, period: Duration) {
        let count = if period == ms(20) { &mut self.slow } else { &mut self.fast };
        *count += 1;
        if *count <= NOTED {
            journal::write(&format!("on_timer worker={} pid={} period={} count={count}", worker.id(), worker.pid(), period.as_millis()));
        }
    }

    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> Result<(), String> {
        for line in data.split_inclusive(|&byte| byte == b'\n') {
            let words = String::from_utf8_lossy(line);
            if !self.obey(worker, fd, words.trim_end()).map_err(|e| e.to_string())? {
                script::receive(worker, fd, line)?;
            }
        }
        Ok(())
    }

    fn on_pipe_message(&mut self, _worker: &Worker<Self>, _from: WorkerId, _message: u8) {}

    fn on_task(&mut self, task_worker: &TaskWorker<Self>, task: Task<Job>) -> Result<(), String> {
        match *task {
            Job::Nap => script::nap(),
            Job::Tick(to, counts) => {
                let mut count = 0;
                let mut own = None;
                // One that is cleared by another, before it runs.
                let other = task_worker.after(NEVER, |_, _| never()).map_err(|e| e.to_string())?;
                task_worker
                    .tick(ms(1), move |_, task_worker| {
                        count += 1;
                        own = own.or_else(|| task_worker.timers().find(|timer| timer.period == Some(ms(1))).map(|timer| timer.id));
                        if counts.contains(&count) {
                            let fd = SessionId::new(to).ok_or("no session")?;
                            task_worker.send(fd, format!("{count}\n").as_bytes()).map_err(|e| e.to_string())?;
                        }
                        if counts[2] == count {
                            let cleared = (task_worker.clear_timer(other), own.is_some_and(|own| task_worker.clear_timer(own)));
                            journal::write(&format!("cleared both={} left={}", cleared == (true, true), task_worker.timers().count()));
                        }
                        Ok::<(), String>(())
                    })
                    .map_err(|e| e.to_string())?;
            }
        }
        Ok(())
    }

    fn on_finish(&mut self, _worker: &Worker<Self>, _task_id: TaskId, output: Result<(), String>) {
        journal::write(&format!("finished ok={}", output.is_ok()));
    }

    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
}

impl Ticker {
    /// A timer that notes that it ran.
    fn note(worker: &Worker<Self>, delay: u64, name: &'static str) -> Result<TimerId, TimerError> {
        worker.after(ms(delay), move |this, _| this.ran.push(name.to_owned()))
    }

    /// Tells the client what has run once so many have.
    fn tell(worker: &Worker<Self>, fd: SessionId, count: usize) -> swoole::Result<()> {
        worker.tick(ms(1), move |this, worker| {
            if this.ran.len() < count {
                return Ok(());
            }
            let own = worker.timers().find(|timer| timer.period == Some(ms(1))).map(|timer| timer.id);
            own.map(|own| worker.clear_timer(own));
            worker.send(fd, format!("{}\n", this.ran.drain(..).collect::<Vec<_>>().join(" ")).as_bytes())
        })?;
        Ok(())
    }

    fn obey(&mut self, worker: &Worker<Self>, fd: SessionId, line: &str) -> swoole::Result<bool> {
        let words: Vec<&str> = line.split(' ').collect();
        let answer = |text: &str| worker.send(fd, format!("{text}\n").as_bytes());
        match words[..] {
            // All are due when this callback is over.
            ["order"] => {
                Self::note(worker, 200, "c")?;
                Self::note(worker, 100, "a")?;
                worker.tick(ms(110), |this, worker| {
                    this.ran.push("b".to_owned());
                    let own = worker.timers().find(|timer| timer.period == Some(ms(110))).map(|timer| timer.id);
                    assert!(own.is_some_and(|own| worker.clear_timer(own) && !worker.clear_timer(own)), "it is there, once");
                })?;
                Self::note(worker, 200, "d")?;
                thread::sleep(ms(400));
                Self::tell(worker, fd, 4)?;
            }
            // A tick that is five periods late.
            ["late"] => {
                worker.tick(ms(60), |this, worker| {
                    this.ran.push("late".to_owned());
                    let next_in = worker.timers().find(|timer| timer.period == Some(ms(60))).map(|timer| timer.next_in);
                    assert!(next_in.is_some_and(|next_in| next_in <= ms(60)));
                })?;
                Self::note(worker, 300, "all")?;
                thread::sleep(ms(310));
                Self::tell(worker, fd, 2)?;
            }
            // The first clears the other, which is due as well, and not itself: it is gone.
            ["clear"] => {
                self.pair.clear();
                for name in ["first", "second"] {
                    self.pair.push(worker.after(ms(1), move |this, worker| {
                        let cleared: Vec<_> = this.pair.iter().map(|&timer| worker.clear_timer(timer)).collect();
                        this.ran.push(format!("{name}:{cleared:?}").replace(' ', ""));
                    })?);
                }
                thread::sleep(ms(50));
                Self::tell(worker, fd, 1)?;
            }
            // Each is started by the one before.
            ["chain", count] => {
                let count = count.parse().unwrap_or(0);
                Self::chain(worker, 1, count)?;
                Self::tell(worker, fd, count as usize)?;
            }
            // What a timer starts does not run in the turn that the timer runs in.
            ["next_round"] => {
                worker.after(ms(10), |this, worker| {
                    this.ran.push("outer".to_owned());
                    Self::note(worker, 1, "inner")?;
                    thread::sleep(ms(50));
                    Ok::<(), TimerError>(())
                })?;
                Self::note(worker, 40, "beside")?;
                thread::sleep(ms(100));
                Self::tell(worker, fd, 3)?;
            }
            ["info"] => answer(&Self::info(worker)?)?,
            // As many as there may be, each at another time.
            ["many"] => {
                self.counts.clear();
                let mut refused = None;
                while refused.is_none() {
                    let number = self.counts.len();
                    match worker.after(ms(1 + number as u64 * 7 % 100), move |this, _| this.counts[number] += 1) {
                        Ok(_) => self.counts.push(0),
                        Err(e) => refused = Some(e),
                    }
                }
                answer(&format!("many started={} refused={refused:?}", self.counts.len()))?;
            }
            ["counts"] => {
                let (once, more) =
                    (self.counts.iter().filter(|count| **count == 1).count(), self.counts.iter().filter(|count| **count > 1).count());
                answer(&format!("counts once={once} more={more} left={}", worker.timers().count()))?;
            }
            // Each says whether its time had not passed yet; the clock of the timers has whole microseconds.
            ["early"] => {
                for number in 1..=40 {
                    let (begun, delay) = (Instant::now(), ms(number % 20 + 1));
                    let is_early = move || begun.elapsed() + Duration::from_micros(1) < delay;
                    worker.after(delay, move |this, _| this.ran.push(is_early().to_string()))?;
                    thread::sleep(Duration::from_micros(700));
                }
                Self::tell(worker, fd, 40)?;
            }
            ["long"] => {
                let long = [ms(u64::MAX), Duration::MAX, NEVER].map(|delay| worker.after(delay, |_, _| never()));
                let (tick, after) = (worker.tick(Duration::ZERO, |_, _| {}), worker.after(Duration::ZERO, |_, _| {}));
                let short = worker.after(Duration::from_nanos(1), |this, _| this.ran.push("short".to_owned()));
                assert!(long.iter().all(Result::is_ok) && short.is_ok(), "{long:?} {short:?}");
                assert_eq!((tick, after), (Err(TimerError::NoTime), Err(TimerError::NoTime)));
                Self::tell(worker, fd, 1)?;
            }
            ["ticks"] => answer(&format!("ticks slow={} fast={}", self.slow, self.fast))?,
            ["task", first, second, third] => {
                let counts = [first, second, third].map(|count| count.parse().unwrap_or(0));
                worker.task(&Job::Tick(fd.get(), counts))?;
            }
            // A job that lasts, whose closure keeps this worker from ending, and a timer meanwhile.
            ["linger"] => {
                worker.task_with(&Job::Nap, |_, _, _: Result<(), String>| journal::write("lingered"))?;
                worker.tick(ms(5), |this, worker| {
                    if this.is_leaving {
                        journal::write(&format!("tick_of_who_leaves pid={}", worker.pid()));
                    }
                })?;
                answer("lingers")?;
            }
            ["keep"] => {
                let noted = Noted("pending");
                worker.after(NEVER, move |_, _| drop(noted))?;
                answer("kept")?;
            }
            ["panic"] => worker.after(ms(1), |_, _| explode()).map(|_| ())?,
            ["fail"] => worker.after(ms(1), |_, _| Err::<(), _>("asked to fail")).map(|_| ())?,
            ["nap"] => worker.after(ms(1), |_, _| script::nap()).map(|_| ())?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn chain(worker: &Worker<Self>, number: u64, last: u64) -> Result<TimerId, TimerError> {
        worker.after(ms(1), move |this, worker| {
            this.ran.push(number.to_string());
            if number < last { Self::chain(worker, number + 1, last).map(|_| ()) } else { Ok(()) }
        })
    }

    /// What is said of a thousand timers, and of some that are none.
    fn info(worker: &Worker<Self>) -> swoole::Result<String> {
        let before = worker.timers().count();
        let mut ids = Vec::new();
        for number in 0..1000 {
            ids.push(worker.tick(NEVER + ms(number), |_, _| never())?);
        }
        assert!(ids.windows(2).all(|two| two[0] < two[1]), "ids rise");
        for (id, period) in ids.iter().zip((0..).map(|number| NEVER + ms(number))) {
            let info = worker.timers().find(|timer| timer.id == *id);
            assert!(info.is_some_and(|info| info.period == Some(period) && info.next_in <= period && info.next_in > ms(0)), "{info:?}");
        }
        let with = worker.timers().count() - before;
        // While the list is walked through.
        let cleared =
            worker.timers().filter(|timer| ids.contains(&timer.id) && timer.id.get() % 2 == 0 && worker.clear_timer(timer.id)).count();
        let again = ids.iter().filter(|id| id.get() % 2 == 0 && worker.clear_timer(**id)).count();
        let all = worker.clear_timers();
        Ok(format!("info with={with} cleared={cleared} again={again} all={} left={}", all - before, worker.timers().count()))
    }
}

fn never() {
    panic!("a timer that is cleared, or due in an hour, has run");
}

fn explode() {
    panic!("asked to panic in a timer");
}

fn main() -> swoole::Result<()> {
    Ticker::start()
}
