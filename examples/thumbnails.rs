//! What it shows: heavy work in task workers. The worker hands on a picture; a task worker makes a thumbnail of it, and tells the client
//! halfway; what it returns comes to `on_finish`, in the worker. Meanwhile the worker serves others.
//!
//! Run it:      cargo run --release --example thumbnails
//! Type:        nc 127.0.0.1 9506      in two terminals, `a` and `b`, what stands behind `>`
//! You see:     what stands behind `<`
//!
//! ```text
//! a> gradient
//! b> stripes
//! b< decoded: 200 x 800
//! b< thumbnail: 16 x 64, 316 bytes
//! a< decoded: 640 x 480
//! a< thumbnail: 64 x 48, 396 bytes
//! b> broken
//! b< no thumbnail: unexpected end of file
//! b> sunset
//! b< no such picture
//! ```

use image::{ImageError, ImageFormat, Rgb, RgbImage};
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, io::Cursor};
use swoole::{CloseReason, SessionId, Task, TaskId, TaskWorker, Worker, WorkerStart};

/// The job. Its bytes are borrowed at both ends: from the worker's state, and from what the task worker has before it.
#[derive(Serialize, Deserialize)]
struct Picture<'a> {
    fd: SessionId,
    png: &'a [u8],
}

/// What comes of it.
#[derive(Serialize, Deserialize)]
struct Thumbnail {
    width: u32,
    height: u32,
    png: Vec<u8>,
}

/// A worker's state: the files it has, by name.
struct Thumbnails {
    files: HashMap<&'static str, Vec<u8>>,
}

#[swoole::server(mode = "process", workers = 1, task_workers = 2, listen = "tcp://127.0.0.1:9506")]
impl Thumbnails {
    fn on_worker_start(_worker: &WorkerStart) -> Result<Self, ImageError> {
        let gradient = png(&RgbImage::from_fn(640, 480, |x, y| Rgb([(x * 255 / 640) as u8, (y * 255 / 480) as u8, 128])))?;
        let stripes = png(&RgbImage::from_fn(200, 800, |x, _| if x % 100 < 50 { Rgb([255, 0, 0]) } else { Rgb([255; 3]) }))?;
        let broken = gradient[..gradient.len() / 2].to_vec();
        Ok(Self { files: HashMap::from([("gradient", gradient), ("stripes", stripes), ("broken", broken)]) })
    }

    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        let Some(png) = self.files.get(String::from_utf8_lossy(data).trim()) else {
            return Ok(worker.send(fd, b"no such picture\n")?);
        };
        worker.task(&Picture { fd, png })?;
        Ok(())
    }

    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}

    fn on_task(&mut self, task_worker: &TaskWorker<Self>, task: Task<Picture<'_>>) -> (SessionId, Result<Thumbnail, String>) {
        let halfway = |width, height| {
            // The client may have gone meanwhile.
            let _ = task_worker.send(task.fd, format!("decoded: {width} x {height}\n").as_bytes());
        };
        (task.fd, shrink(task.png, halfway).map_err(|e| e.to_string()))
    }

    fn on_finish(&mut self, worker: &Worker<Self>, _task_id: TaskId, (fd, thumbnail): (SessionId, Result<Thumbnail, String>)) {
        let answer = match thumbnail {
            Ok(Thumbnail { width, height, png }) => format!("thumbnail: {width} x {height}, {} bytes\n", png.len()),
            Err(e) => format!("no thumbnail: {e}\n"),
        };
        let _ = worker.send(fd, answer.as_bytes());
    }
}

fn shrink(file: &[u8], halfway: impl Fn(u32, u32)) -> Result<Thumbnail, ImageError> {
    let picture = image::load_from_memory_with_format(file, ImageFormat::Png)?;
    halfway(picture.width(), picture.height());
    let small = picture.thumbnail(64, 64).into_rgb8();
    Ok(Thumbnail { width: small.width(), height: small.height(), png: png(&small)? })
}

fn png(picture: &RgbImage) -> Result<Vec<u8>, ImageError> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Png)?;
    Ok(file.into_inner())
}

fn main() -> swoole::Result<()> {
    Thumbnails::start()
}
