//! Fixed fields off the front of bytes, and lengths against their limits.

use crate::reject::Reject;

/// Takes fixed fields off the front. Only used on input whose length is known, so it cannot run out.
pub(crate) struct Reader<'a>(pub &'a [u8]);

impl Reader<'_> {
    pub(crate) fn take<const N: usize>(&mut self) -> [u8; N] {
        let (field, rest) = self.0.split_first_chunk().expect("the caller has checked the length");
        self.0 = rest;
        *field
    }

    pub(crate) fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.take())
    }

    pub(crate) fn u32(&mut self) -> u32 {
        u32::from_be_bytes(self.take())
    }

    pub(crate) fn u64(&mut self) -> u64 {
        u64::from_be_bytes(self.take())
    }
}

/// Refuses what is larger than its limit.
pub(crate) fn within(size: usize, size_max: usize) -> Result<(), Reject> {
    let (size, size_max) = (size as u64, size_max as u64);
    (size <= size_max).then_some(()).ok_or(Reject::TooLarge { size, size_max })
}
