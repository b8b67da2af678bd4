//! The text of a file in whatever encoding it has: decided once for the whole file, never row by row, then decoded
//! piece by piece, so that no file has to fit into memory.

use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};

use encoding_rs::{DecoderResult, Encoding, GB18030, UTF_8};
use encoding_rs_io::DecodeReaderBytesBuilder;

use super::fault::FileRefusal;

/// A file that can be read twice.
pub trait File: Read + Seek + Send {}

impl<T: Read + Seek + Send> File for T {}

/// A file as UTF-8.
pub struct TextFile {
    /// `UTF-8`, `UTF-8 BOM` or `GB18030`.
    pub encoding: &'static str,
    /// The first line with its end, as far as a row may go.
    pub first_line: String,
    /// Bytes of the whole text.
    pub bytes: u64,
    /// The text from its beginning, without a byte order mark.
    pub text: Box<dyn Read + Send>,
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const PIECE_BYTES: usize = 64 * 1024;

impl TextFile {
    /// UTF-8 with or without a byte order mark, else GB18030, else refused with the first line that is not UTF-8.
    pub fn open(mut file: Box<dyn File>) -> Result<Self, FileRefusal> {
        let unreadable = |_| FileRefusal::Unreadable { line: 1 };
        let mut mark = [0; BYTE_ORDER_MARK.len()];
        let has_mark = file.read_exact(&mut mark).is_ok() && mark == *BYTE_ORDER_MARK;
        let start = if has_mark { BYTE_ORDER_MARK.len() as u64 } else { 0 };
        let mut judge = |encoding| {
            file.seek(SeekFrom::Start(start)).and_then(|_| judge(&mut file, encoding)).map_err(unreadable)
        };
        let (encoding, name, bytes) = match (judge(UTF_8)?, has_mark) {
            (Ok(bytes), true) => (UTF_8, "UTF-8 BOM", bytes),
            (Ok(bytes), false) => (UTF_8, "UTF-8", bytes),
            (Err(line), _) => match judge(GB18030)? {
                Ok(bytes) => (GB18030, "GB18030", bytes),
                Err(_) => return Err(FileRefusal::EncodingUnknown { line }),
            },
        };
        file.seek(SeekFrom::Start(start)).map_err(unreadable)?;
        let decoded =
            DecodeReaderBytesBuilder::new().encoding(Some(encoding)).bom_override(false).build(file);
        let mut rest = BufReader::with_capacity(PIECE_BYTES, decoded);
        let mut first_line = String::new();
        rest.by_ref().take(PIECE_BYTES as u64).read_line(&mut first_line).map_err(unreadable)?;
        let text = Box::new(Cursor::new(first_line.clone()).chain(rest));
        Ok(Self { encoding: name, first_line, bytes, text })
    }
}

/// How many bytes of UTF-8 the rest of a file comes to, or the first line that is not in the encoding.
fn judge(file: &mut dyn File, encoding: &'static Encoding) -> io::Result<Result<u64, u64>> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let (mut piece, mut text) = (vec![0; PIECE_BYTES], vec![0; PIECE_BYTES]);
    let (mut line, mut bytes) = (1, 0);
    let lines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
    loop {
        let length = file.read(&mut piece)?;
        let mut rest = &piece[..length];
        loop {
            let (result, read, written) =
                decoder.decode_to_utf8_without_replacement(rest, &mut text, length == 0);
            bytes += written as u64;
            line += lines(&text[..written]);
            match result {
                DecoderResult::InputEmpty if length == 0 => return Ok(Ok(bytes)),
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => rest = &rest[read..],
                DecoderResult::Malformed(..) => return Ok(Err(line)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: Vec<u8>) -> Result<(&'static str, u64, String), FileRefusal> {
        let TextFile { encoding, bytes, mut text, first_line } =
            TextFile::open(Box::new(Cursor::new(bytes)))?;
        let mut whole = String::new();
        text.read_to_string(&mut whole).expect("it was judged before");
        assert!(whole.starts_with(&first_line));
        Ok((encoding, bytes, whole))
    }

    #[test]
    fn a_text_of_many_pieces_is_the_same_in_every_encoding() {
        // One to four bytes a character, so that pieces end within one.
        let text: String = (0..30_000).map(|number| format!("{number},黑龙江𠀀\n")).collect();
        let marked = [BYTE_ORDER_MARK, text.as_bytes()].concat();
        let gb18030 = GB18030.encode(&text).0.into_owned();
        for (name, bytes) in
            [("UTF-8", text.clone().into_bytes()), ("UTF-8 BOM", marked), ("GB18030", gb18030)]
        {
            assert_eq!(read(bytes), Ok((name, text.len() as u64, text.clone())));
        }
    }

    #[test]
    fn the_first_line_that_cannot_be_read_is_named() {
        let text = |lines: usize| "行\n".repeat(lines).into_bytes();
        let wrong = [text(40_000), b"\xff\xff\n".to_vec(), text(5)].concat();
        assert_eq!(read(wrong), Err(FileRefusal::EncodingUnknown { line: 40_001 }));
    }
}
