//! Messages out of a stream (RFC 3261 §18.3): the head ends at the empty line, Content-Length tells where the body does.
//!
//! A stream in which a frame cannot be told is lost: after an error the connection has to be closed.
use super::header::Name;
use super::parse::{BODY_BYTES_MAX, HEAD_BYTES_MAX};
use super::uri::decimal;
use thiserror::Error;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    Message(Vec<u8>),
    /// Two line ends between messages: the peer wants one back (RFC 5626 §4.4.1).
    Ping,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    #[error("header fields exceed {HEAD_BYTES_MAX} bytes")]
    HeadTooLong,
    #[error("body exceeds {BODY_BYTES_MAX} bytes")]
    BodyTooLong,
    #[error("Content-Length is missing, malformed or there twice")]
    Length,
}

/// What has come from a stream and is no whole message yet: at most one head and one body.
#[derive(Clone, Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    /// No end of a head begins before this.
    scanned: usize,
    /// The length of the whole message once its head is known.
    total: Option<usize>,
}

const HEAD_END: &[u8] = b"\r\n\r\n";

impl Framer {
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether a message has begun and not ended.
    pub fn partial(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// The next whole frame; call until `None`.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        if self.total.is_none() {
            if self.buffer.starts_with(HEAD_END) {
                self.buffer.drain(..HEAD_END.len());
                self.scanned = 0;
                return Ok(Some(Frame::Ping));
            }
            if self.buffer.starts_with(b"\r\n") && !HEAD_END.starts_with(&self.buffer) {
                self.buffer.drain(..2);
                self.scanned = 0;
                return self.next_frame();
            }
            let Some(head) = self.head_end() else {
                return match self.buffer.len() > HEAD_BYTES_MAX {
                    true => Err(FrameError::HeadTooLong),
                    false => Ok(None),
                };
            };
            if head > HEAD_BYTES_MAX {
                return Err(FrameError::HeadTooLong);
            }
            let length = content_length(self.buffer.get(..head).unwrap_or_default())?;
            if length > BODY_BYTES_MAX {
                return Err(FrameError::BodyTooLong);
            }
            self.total = Some(head.saturating_add(length));
        }
        match self.total {
            Some(total) if self.buffer.len() >= total => {
                let rest = self.buffer.split_off(total);
                self.total = None;
                self.scanned = 0;
                Ok(Some(Frame::Message(std::mem::replace(&mut self.buffer, rest))))
            }
            _ => Ok(None),
        }
    }

    /// Where the body begins.
    fn head_end(&mut self) -> Option<usize> {
        let tail = self.buffer.get(self.scanned..)?;
        match tail.windows(HEAD_END.len()).position(|window| window == HEAD_END) {
            Some(at) => self.scanned.checked_add(at)?.checked_add(HEAD_END.len()),
            None => {
                self.scanned = self.buffer.len().saturating_sub(HEAD_END.len() - 1);
                None
            }
        }
    }
}

fn content_length(head: &[u8]) -> Result<usize, FrameError> {
    let mut found = None;
    for line in head.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at_checked(colon).ok_or(FrameError::Length)?;
        let Ok(name) = std::str::from_utf8(name) else { continue };
        if Name::parse(name.trim_end()) != Name::ContentLength {
            continue;
        }
        let value =
            std::str::from_utf8(value.get(1..).unwrap_or_default()).map_err(|_| FrameError::Length)?;
        let length = decimal(value.trim()).ok_or(FrameError::Length)?;
        if found.replace(length).is_some() {
            return Err(FrameError::Length);
        }
    }
    // §18.3: Content-Length MUST be used over streams.
    found.ok_or(FrameError::Length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(chunks: &[&[u8]]) -> Result<Vec<Frame>, FrameError> {
        let mut framer = Framer::default();
        let mut frames = Vec::new();
        for chunk in chunks {
            framer.push(chunk);
            while let Some(frame) = framer.next_frame()? {
                frames.push(frame);
            }
        }
        Ok(frames)
    }

    const ONE: &[u8] = b"X a SIP/2.0\r\nl : 3\r\n\r\nabc";

    #[test]
    fn messages_are_found_however_the_stream_is_cut() {
        let stream = [ONE, b"\r\n", ONE, b"\r\n\r\n", ONE].concat();
        let whole = frames(&[&stream]).unwrap();
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        let single = frames(&bytes).unwrap();
        let message = Frame::Message(ONE.to_vec());
        assert_eq!(single, [message.clone(), message.clone(), Frame::Ping, message.clone()]);
        assert_eq!(whole, single);
    }

    #[test]
    fn a_stream_without_a_good_length_is_given_up() {
        assert_eq!(frames(&[b"X a SIP/2.0\r\n\r\n"]), Err(FrameError::Length));
        assert_eq!(frames(&[b"X\r\nContent-Length: 1\r\nl: 2\r\n\r\n"]), Err(FrameError::Length));
        assert_eq!(frames(&[b"X\r\nContent-Length: -1\r\n\r\n"]), Err(FrameError::Length));
        assert_eq!(frames(&[b"X\r\nContent-Length: 99999999\r\n\r\n"]), Err(FrameError::BodyTooLong));
    }

    #[test]
    fn a_head_that_never_ends_is_given_up() {
        assert_eq!(frames(&[&vec![b'x'; HEAD_BYTES_MAX + 1]]), Err(FrameError::HeadTooLong));
    }
}
