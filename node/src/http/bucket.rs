//! Who may ask how often: for each name a bucket that fills up with time. Keeps a bounded number of them.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A bucket for each name.
pub struct Buckets {
    /// What fits, and what flows in within a minute.
    per_minute: u32,
    /// What is missing, and when that was so.
    spent: Mutex<BTreeMap<String, (f64, Instant)>>,
}

/// Names that are kept; the limit of tokens is below it.
const NAMES_MAX: usize = 1_024;
const MINUTE: Duration = Duration::from_secs(60);

impl Buckets {
    /// Full ones.
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute, spent: Mutex::default() }
    }

    /// Takes one from the bucket of a name; if there is none, says after how many seconds there will be.
    pub fn take(&self, name: &str, now: Instant) -> Result<(), u64> {
        let mut all = self.spent.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if all.len() >= NAMES_MAX && !all.contains_key(name) {
            all.retain(|_, (_, since)| now.duration_since(*since) < MINUTE);
        }
        let (missing, since) = all.get(name).copied().unwrap_or((0.0, now));
        let per_second = f64::from(self.per_minute) / 60.0;
        let flowed = now.duration_since(since).as_secs_f64() * per_second;
        let missing = (missing - flowed).max(0.0) + 1.0;
        let over = missing - f64::from(self.per_minute);
        if over > 0.0 {
            return Err((over / per_second).ceil() as u64);
        }
        all.insert(name.to_owned(), (missing, now));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_emptied_and_fills_up_again_beside_the_others() {
        let (buckets, start) = (Buckets::new(60), Instant::now());
        assert!((0..60).all(|_| buckets.take("a", start).is_ok()));
        assert_eq!(buckets.take("a", start), Err(1));
        assert_eq!(buckets.take("b", start), Ok(()));
        let later = start + Duration::from_secs(10);
        assert!((0..10).all(|_| buckets.take("a", later).is_ok()));
        assert_eq!(buckets.take("a", later), Err(1));
    }

    #[test]
    fn the_number_of_names_is_bounded() {
        let (buckets, start) = (Buckets::new(1), Instant::now());
        for name in 0..NAMES_MAX {
            assert_eq!(buckets.take(&name.to_string(), start), Ok(()));
        }
        assert_eq!(buckets.take("one more", start + MINUTE), Ok(()));
        assert_eq!(buckets.spent.lock().expect("nobody panicked").len(), 1);
    }
}
