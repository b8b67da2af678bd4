//! The doors' stream: tokens, and a record of each deed in the commit that does it.

use xietong_proto::stream::Stream;

use super::{Answer, Machine, Refusal, Step};
use crate::systems::doors::{self, Command, Deed};

impl Machine {
    /// Makes or revokes a token.
    pub(super) fn decide_token(&mut self, step: &mut Step, command: Command) -> Result<Answer, Refusal> {
        // What was decided before in this step counts.
        self.write_doors(step);
        self.check_room()?;
        self.check_folded()?;
        let record = doors::decide(&step.rows, step.turn.now.wall, command)
            .map_err(|refusal| Refusal::Token { refusal })?;
        step.doors.push(record);
        Ok(Answer::Recorded)
    }

    /// Records what was not done. On a full disk only the operation log has it.
    pub(super) fn record_alone(&mut self, step: &mut Step, deed: &Deed) -> Result<Answer, Refusal> {
        self.check_room()?;
        step.doors.push(deed.record());
        Ok(Answer::Recorded)
    }

    /// Appends what this step has for the stream. While that is still being folded, it waits its turn.
    pub(super) fn write_doors(&mut self, step: &mut Step) {
        let stream = Stream::local(self.replica.me().code(), doors::SYSTEM);
        let (records, logs) = (std::mem::take(&mut step.doors), self.replica.logs());
        if logs.folded(&stream) == logs.head(&stream).position {
            self.author(step, stream, records);
        } else {
            self.replica.author(&mut step.turn, stream, records);
        }
    }
}
