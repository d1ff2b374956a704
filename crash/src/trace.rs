//! Reads what `strace` has written of a run: the calls that change files, sync them, or answer.
//!
//! `strace` and not a library that is put before the C library, so that calls are seen which never pass through it, and
//! so that the program is the one that ships.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};

/// The options of `strace` that [`parse`] understands. Bytes are printed as hexadecimal escapes, so that no quote, comma or
/// bracket stands in a text; those that are read are not printed.
pub const STRACE_OPTIONS: &[&str] = &[
    "-f",
    "--seccomp-bpf",
    "-qq",
    "-xx",
    "-s",
    "100000000",
    "-y",
    "-e",
    "raw=read,pread64,fcntl",
    "-e",
    "signal=none",
    "-e",
];

/// What [`parse`] needs to see.
pub const TRACED_CALLS: &str = "trace=open,openat,creat,close,dup,dup2,dup3,fcntl,lseek,read,readv,write,pwrite64,writev,pwritev,\
    ftruncate,truncate,fallocate,fsync,fdatasync,sync_file_range,rename,renameat,renameat2,link,linkat,symlink,symlinkat,\
    unlink,unlinkat,mkdir,mkdirat,rmdir,copy_file_range,sendfile,splice,msync";

/// One call, as it began or as it returned. A call that was not interrupted in the output has both in one place.
#[derive(Debug)]
pub struct Call {
    pub thread: u32,
    pub name: String,
    pub arguments: Vec<Argument>,
    /// What it returned; negative when it failed.
    pub returned: i64,
    /// The path that stands beside the returned file descriptor.
    pub returned_path: Option<Vec<u8>>,
}

/// A point in the output.
#[derive(Debug)]
pub enum Point {
    /// A call that others ran beside has begun; it is the `usize`th of all.
    Begun(usize),
    /// A call has returned. Its beginning stands before where it has a point of its own.
    Returned(usize),
}

#[derive(Debug)]
pub enum Argument {
    Text(Vec<u8>),
    /// A file descriptor, or the working directory, with the path that the system gives it.
    Descriptor(i64, Vec<u8>),
    /// The bytes of a list of buffers.
    Buffers(Vec<u8>),
    Other(String),
}

impl Argument {
    pub fn number(&self) -> Result<i64> {
        match self {
            Self::Descriptor(number, _) => Ok(*number),
            Self::Other(text) => {
                let text = text.split("<").next().unwrap_or_default();
                match text.strip_prefix("0x") {
                    Some(digits) => Ok(i64::from_str_radix(digits, 16)?),
                    None => text.parse().with_context(|| format!("expected a number, found {text}")),
                }
            }
            other => bail!("expected a number, found {other:?}"),
        }
    }

    pub fn bytes(&self) -> Result<&[u8]> {
        match self {
            Self::Text(bytes) | Self::Buffers(bytes) => Ok(bytes),
            other => bail!("expected bytes, found {other:?}"),
        }
    }

    /// Whether the flags that it is made of have this one.
    pub fn has(&self, flag: &str) -> bool {
        matches!(self, Self::Other(text) if text.split('|').any(|each| each == flag))
    }
}

/// All calls, and the order in which they began and returned.
pub fn parse(output: &str) -> Result<(Vec<Call>, Vec<Point>)> {
    let mut calls = Vec::new();
    let mut points = Vec::new();
    // By thread: the call that has not returned, and its arguments so far.
    let mut unfinished: HashMap<u32, (usize, String)> = HashMap::new();
    for (index, line) in output.lines().enumerate() {
        // So it marks the path of an open file that has no name any more.
        parse_line(&line.replace(">(deleted)", ">"), &mut calls, &mut points, &mut unfinished)
            .with_context(|| format!("line {} of the output of strace: {:.200}", index + 1, line))?;
    }
    Ok((calls, points))
}

fn parse_line(
    line: &str,
    calls: &mut Vec<Call>,
    points: &mut Vec<Point>,
    unfinished: &mut HashMap<u32, (usize, String)>,
) -> Result<()> {
    let (thread, rest) = line.trim_start().split_once(' ').context("no thread")?;
    let thread: u32 = thread.parse()?;
    let rest = rest.trim_start();
    if rest.starts_with("+++") || rest.starts_with("---") {
        return Ok(());
    }
    if let Some(resumed) = rest.strip_prefix("<... ") {
        let (_, tail) = resumed.split_once(" resumed>").context("no `resumed`")?;
        let (index, head) = unfinished.remove(&thread).context("a call is resumed that has not begun")?;
        let whole = format!("{head}{tail}");
        finish(&whole, &mut calls[index])?;
        points.push(Point::Returned(index));
        return Ok(());
    }
    let (name, rest) = rest.split_once('(').context("no call")?;
    let call =
        Call { thread, name: name.to_owned(), arguments: Vec::new(), returned: 0, returned_path: None };
    let index = calls.len();
    calls.push(call);
    if let Some(head) = rest.strip_suffix("<unfinished ...>") {
        let (arguments, _) = arguments(head)?;
        calls[index].arguments = arguments;
        unfinished.insert(thread, (index, head.to_owned()));
        points.push(Point::Begun(index));
        return Ok(());
    }
    finish(rest, &mut calls[index])?;
    points.push(Point::Returned(index));
    Ok(())
}

/// Arguments and result of a call whose whole text is there, from after the opening bracket on.
fn finish(text: &str, call: &mut Call) -> Result<()> {
    let (arguments, rest) = arguments(text)?;
    call.arguments = arguments;
    let result = rest.trim_start().strip_prefix('=').context("no result")?.trim_start();
    let number = result.split([' ', '<']).next().unwrap_or_default();
    call.returned = match number {
        // The process ended within the call.
        "?" => -1,
        number => match number.strip_prefix("0x") {
            Some(digits) => i64::from_str_radix(digits, 16)?,
            None => number.parse()?,
        },
    };
    call.returned_path = match result.split_once('<') {
        Some((_, path)) if call.returned >= 0 => {
            Some(unescape(path.strip_suffix('>').unwrap_or(path).as_bytes())?.0)
        }
        _ => None,
    };
    Ok(())
}

/// The arguments up to the closing bracket, and what follows it.
fn arguments(text: &str) -> Result<(Vec<Argument>, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', ',']);
        if rest.is_empty() {
            return Ok((found, rest));
        }
        if let Some(after) = rest.strip_prefix(')') {
            return Ok((found, after));
        }
        let (argument, after) = one_argument(rest)?;
        found.push(argument);
        rest = after;
    }
}

fn one_argument(text: &str) -> Result<(Argument, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (bytes, length) = unescape(quoted.as_bytes())?;
        let after = quoted.get(length + 1..).context("a text does not end")?;
        if after.starts_with("...") {
            bail!("a text is cut off");
        }
        return Ok((Argument::Text(bytes), after));
    }
    if text.starts_with('[') {
        let end = text.find(']').context("a list does not end")?;
        let mut bytes = Vec::new();
        for part in text[1..end].split("iov_base=\"").skip(1) {
            bytes.extend_from_slice(&unescape(part.as_bytes())?.0);
        }
        return Ok((Argument::Buffers(bytes), &text[end + 1..]));
    }
    let end = text.find([',', ')']).unwrap_or(text.len());
    let (word, after) = text.split_at(end);
    let word = word.trim_end();
    if let Some((number, path)) = word.split_once('<')
        && let Some(path) = path.strip_suffix('>')
    {
        let number = if number == "AT_FDCWD" { -100 } else { number.parse()? };
        return Ok((Argument::Descriptor(number, unescape(path.as_bytes())?.0), after));
    }
    Ok((Argument::Other(word.to_owned()), after))
}

/// The bytes that hexadecimal escapes stand for, up to the first other byte, and how many bytes of text that were.
fn unescape(text: &[u8]) -> Result<(Vec<u8>, usize)> {
    let mut bytes = Vec::with_capacity(text.len() / 4);
    let mut at = 0;
    while let Some([b'\\', b'x', high, low]) = text.get(at..at + 4) {
        bytes.push((digit(*high)? << 4) | digit(*low)?);
        at += 4;
    }
    Ok((bytes, at))
}

fn digit(byte: u8) -> Result<u8> {
    match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        _ => bail!("expected a hexadecimal digit, found {byte:#x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_others_interrupt_begins_and_returns() {
        let output = "7 pwrite64(3<\\x2f\\x61>, \"\\x68\\x69\", 2, 4 <unfinished ...>\n\
                      8 fdatasync(4<\\x2f\\x62>) = 0\n\
                      7 <... pwrite64 resumed>) = 2\n";
        let (calls, points) = parse(output).expect("it is understood");
        assert!(matches!(points[..], [Point::Begun(0), Point::Returned(1), Point::Returned(0)]));
        assert_eq!(calls[0].arguments[1].bytes().expect("bytes"), b"hi");
        assert_eq!(calls[0].arguments[3].number().expect("a number"), 4);
        assert_eq!((calls[0].returned, calls[1].returned), (2, 0));
    }

    #[test]
    fn the_path_of_a_new_descriptor_is_known() {
        let output = "7 openat(AT_FDCWD<\\x2f>, \"\\x61\", O_RDWR|O_CREAT|O_APPEND, 0644) = 5<\\x2f\\x61>\n";
        let (calls, _) = parse(output).expect("it is understood");
        assert_eq!(calls[0].returned, 5);
        assert_eq!(calls[0].returned_path.as_deref(), Some(b"/a".as_slice()));
        assert!(calls[0].arguments[2].has("O_APPEND"));
    }

    #[test]
    fn a_text_that_is_cut_off_is_an_error() {
        assert!(parse("7 write(1<\\x2f\\x61>, \"\\x68\"..., 2) = 2\n").is_err());
    }
}
