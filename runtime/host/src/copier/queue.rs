//! Between reading and writing: straight through, or over a bounded buffer and a thread that writes.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{BUFFER_BYTES, CopyOrder, Dropped, Overflow, Stream, write_dropped};

/// How often a disk that refused is tried again.
const RETRY: Duration = Duration::from_millis(200);
/// How often the count of what was left out is brought up to date.
const COUNT_INTERVAL: Duration = Duration::from_secs(1);

/// Takes bytes of two streams and has them written.
pub(super) struct Queue {
    shared: Arc<Shared>,
    way: Mutex<Way>,
}

enum Way {
    /// Who reads also writes: a slow disk makes the process wait.
    Straight(Writer),
    /// A thread writes, and what it cannot keep up with is left out.
    Buffered(Option<JoinHandle<()>>),
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// Whether a disk that refuses is given up.
    is_hurried: AtomicBool,
}

#[derive(Default)]
struct State {
    waiting: [Vec<u8>; 2],
    /// Whether the rest of the current line is left out.
    is_cut: [bool; 2],
    dropped: [Dropped; 2],
    is_over: bool,
}

impl Shared {
    /// A thread that panicked leaves counts and bytes that are still good.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    pub(super) fn start(order: &CopyOrder) -> Self {
        let shared = Arc::new(Shared::default());
        let streams = [Stream::new(&order.stdout), Stream::new(&order.stderr)];
        let writer = Writer {
            streams,
            shared: Arc::clone(&shared),
            count_file: order.dropped.clone(),
            counted: [Dropped::default(); 2],
            next_count: Instant::now(),
        };
        let way = match order.overflow {
            Overflow::Block => Way::Straight(writer),
            Overflow::Drop => Way::Buffered(Some(std::thread::spawn(move || writer.run()))),
        };
        Self {
            shared,
            way: Mutex::new(way),
        }
    }

    /// Takes bytes of stream 0 or 1.
    pub(super) fn put(&self, place: usize, bytes: &[u8]) {
        match &mut *self.way.lock().unwrap_or_else(PoisonError::into_inner) {
            Way::Straight(writer) => writer.write(place, bytes),
            Way::Buffered(_) => {
                let mut state = self.shared.lock();
                state.take(place, bytes);
                drop(state);
                self.shared.changed.notify_one();
            }
        }
    }

    /// Has what the disk refuses from now on left out instead of tried for ever.
    pub(super) fn hurry(&self) {
        self.shared.is_hurried.store(true, Ordering::Relaxed);
    }

    /// Writes what is left.
    pub(super) fn finish(self) {
        match self.way.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Way::Straight(mut writer) => writer.finish(),
            Way::Buffered(thread) => {
                self.shared.lock().is_over = true;
                self.shared.changed.notify_one();
                if let Some(thread) = thread {
                    // A panic there was told by its hook.
                    let _ = thread.join();
                }
            }
        }
    }
}

impl State {
    /// Keeps as many whole lines as there is room for.
    fn take(&mut self, place: usize, bytes: &[u8]) {
        let (Some(waiting), Some(is_cut), Some(dropped)) = (
            self.waiting.get_mut(place),
            self.is_cut.get_mut(place),
            self.dropped.get_mut(place),
        ) else {
            return;
        };
        let mut rest = bytes;
        if *is_cut {
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            let (cut, left) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            dropped.add(cut);
            *is_cut = !cut.ends_with(b"\n");
            rest = left;
        }
        let room = BUFFER_BYTES.saturating_sub(waiting.len());
        if rest.len() <= room {
            waiting.extend_from_slice(rest);
            return;
        }
        let fitting = rest.get(..room).unwrap_or_default();
        let end = memchr::memrchr(b'\n', fitting).map_or(0, |end| end + 1);
        let (kept, left) = rest.split_at_checked(end).unwrap_or((&[], rest));
        waiting.extend_from_slice(kept);
        if !waiting.is_empty() && !waiting.ends_with(b"\n") {
            // The beginning of the line is kept already, so that it ends here.
            waiting.push(b'\n');
        }
        dropped.add(left);
        *is_cut = !left.ends_with(b"\n");
    }
}

/// Writes both streams.
struct Writer {
    streams: [Stream; 2],
    shared: Arc<Shared>,
    count_file: PathBuf,
    counted: [Dropped; 2],
    next_count: Instant,
}

impl Writer {
    fn run(mut self) {
        let mut taken = [Vec::new(), Vec::new()];
        loop {
            let mut state = self.shared.lock();
            while !state.is_over && state.waiting.iter().all(Vec::is_empty) {
                state = self
                    .shared
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            std::mem::swap(&mut state.waiting, &mut taken);
            let is_over = state.is_over;
            drop(state);
            if is_over && taken.iter().all(Vec::is_empty) {
                return self.finish();
            }
            for (place, bytes) in taken.iter_mut().enumerate() {
                self.write(place, bytes);
                bytes.clear();
            }
        }
    }

    fn write(&mut self, place: usize, bytes: &[u8]) {
        if let Some(stream) = self.streams.get_mut(place) {
            let result = stream.write(bytes);
            self.persist(place, result);
        }
        self.count();
    }

    /// Tries again what the disk refused, until it takes it or there is no more time for it.
    fn persist(&mut self, place: usize, mut result: io::Result<()>) {
        while result.is_err() {
            let Some(stream) = self.streams.get_mut(place) else {
                return;
            };
            if self.shared.is_hurried.load(Ordering::Relaxed) {
                let mut state = self.shared.lock();
                if let Some(dropped) = state.dropped.get_mut(place) {
                    stream.give_up(dropped);
                }
                return;
            }
            // While we wait the pipe fills; a reader that drops goes on beside us.
            std::thread::sleep(RETRY);
            self.look_for_signal();
            let Some(stream) = self.streams.get_mut(place) else {
                return;
            };
            result = stream.retry();
        }
    }

    /// Who reads is stuck here in the straight way, and would not see the signal.
    fn look_for_signal(&self) {
        if super::is_told_to_end() {
            self.shared.is_hurried.store(true, Ordering::Relaxed);
        }
    }

    fn finish(&mut self) {
        for place in 0..self.streams.len() {
            if let Some(stream) = self.streams.get_mut(place) {
                let result = stream.finish();
                self.persist(place, result);
            }
        }
        self.next_count = Instant::now();
        self.count();
    }

    fn count(&mut self) {
        let dropped = self.shared.lock().dropped;
        if dropped != self.counted && Instant::now() >= self.next_count {
            write_dropped(&self.count_file, &dropped);
            self.counted = dropped;
            self.next_count = Instant::now() + COUNT_INTERVAL;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_lines_are_left_out_and_counted() {
        let mut state = State::default();
        let line = [vec![b'x'; 999], vec![b'\n']].concat();
        let filling = line.repeat(BUFFER_BYTES / 1000);
        state.take(0, &filling);
        assert_eq!(state.dropped, [Dropped::default(); 2]);
        // 576 bytes of room are left: too few for another line, and it comes in pieces.
        state.take(0, &line[..500]);
        state.take(0, &line[500..]);
        state.take(0, b"short\n");
        assert!(state.waiting[0].ends_with(b"x\nshort\n"));
        // The beginning of the long line was kept, so it was ended; the rest of it is what is missing.
        assert_eq!(state.dropped[0], Dropped { bytes: 500, lines: 1 });
        state.take(0, &line);
        state.take(0, b"tail of nothing");
        assert_eq!(state.dropped[0].lines, 2);
        assert!(state.waiting[0].len() <= BUFFER_BYTES + 1);
        assert_eq!(state.dropped[1], Dropped::default());
    }
}
