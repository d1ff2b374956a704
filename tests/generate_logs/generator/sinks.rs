//! Where records go: into one array, or into a folder of daily files.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::BUFFER_BYTES;
use super::python_json::{Layout, write_line_break, write_separator};
use super::shapes::daily_file_name;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

pub trait RecordSink {
    /// Writes one record of a day; days must not go back.
    fn record(&mut self, day: NaiveDate, text: &[u8]) -> io::Result<()>;

    /// Ends the log, unless it is to look torn, and returns how many byte order marks it has.
    fn finish(self, torn: bool) -> io::Result<u64>;
}

pub struct ArraySink<W> {
    out: W,
    layout: Layout,
    byte_order_marks: u64,
    empty: bool,
    separator: Vec<u8>,
}

impl<W: Write> ArraySink<W> {
    pub fn new(mut out: W, layout: Layout, byte_order_mark: bool) -> io::Result<Self> {
        if byte_order_mark {
            out.write_all(BYTE_ORDER_MARK)?;
        }
        out.write_all(b"[")?;
        Ok(Self { out, layout, byte_order_marks: byte_order_mark.into(), empty: true, separator: Vec::new() })
    }
}

impl<W: Write> RecordSink for ArraySink<W> {
    fn record(&mut self, _day: NaiveDate, text: &[u8]) -> io::Result<()> {
        self.separator.clear();
        write_separator(&mut self.separator, self.layout, self.empty, 1);
        self.empty = false;
        self.out.write_all(&self.separator)?;
        self.out.write_all(text)
    }

    fn finish(mut self, torn: bool) -> io::Result<u64> {
        if !torn {
            self.separator.clear();
            if !self.empty {
                write_line_break(&mut self.separator, self.layout, 0);
            }
            self.separator.push(b']');
            self.out.write_all(&self.separator)?;
        }
        self.out.flush()?;
        Ok(self.byte_order_marks)
    }
}

pub struct DailySink {
    folder: PathBuf,
    /// The day that is being written. Its last line is ended only when the next one comes, so that
    /// the last of all can be left torn.
    current: Option<(NaiveDate, BufWriter<File>)>,
    with_byte_order_marks: bool,
    files: u64,
    byte_order_marks: u64,
}

impl DailySink {
    pub fn new(folder: &Path, with_byte_order_marks: bool) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            current: None,
            with_byte_order_marks,
            files: 0,
            byte_order_marks: 0,
        })
    }

    fn open(&mut self, day: NaiveDate) -> io::Result<BufWriter<File>> {
        let file = File::create(self.folder.join(daily_file_name(day)))?;
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, file);
        // Every third file looks as if an editor on Windows had saved it.
        if self.with_byte_order_marks && self.files.is_multiple_of(3) {
            out.write_all(BYTE_ORDER_MARK)?;
            self.byte_order_marks += 1;
        }
        self.files += 1;
        Ok(out)
    }
}

impl RecordSink for DailySink {
    fn record(&mut self, day: NaiveDate, text: &[u8]) -> io::Result<()> {
        let mut out = match self.current.take() {
            Some((current_day, mut out)) => {
                out.write_all(b"\n")?;
                if current_day == day {
                    out
                } else {
                    out.flush()?;
                    self.open(day)?
                }
            }
            None => self.open(day)?,
        };
        out.write_all(text)?;
        self.current = Some((day, out));
        Ok(())
    }

    fn finish(mut self, torn: bool) -> io::Result<u64> {
        if let Some((_, out)) = &mut self.current {
            if !torn {
                out.write_all(b"\n")?;
            }
            out.flush()?;
        }
        Ok(self.byte_order_marks)
    }
}
