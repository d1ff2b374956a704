//! Brackets and quotes, counted through damage as well as they can be counted.

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Nesting {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Nesting {
    /// Whether every bracket is closed.
    pub fn is_closed(&self) -> bool {
        self.depth == 0
    }

    /// Takes one byte; true where it stands outside of every record.
    pub fn step(&mut self, byte: u8) -> bool {
        if byte == b'\n' {
            // No string spans lines: one that is open here never closes.
            self.in_string = false;
            self.escaped = false;
        } else if self.in_string {
            self.in_string = self.escaped || byte != b'"';
            self.escaped = !self.escaped && byte == b'\\';
            return false;
        } else {
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth > 0 => {
                    self.depth -= 1;
                    return false;
                }
                _ => {}
            }
        }
        self.depth == 0
    }
}
