//! A program we started: ended when it goes out of scope.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How long a program may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(8);

pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts with its output kept for [`Process::finish`]; what it complains about goes to a file in `scratch` if that
    /// is not the folder we stand in.
    pub(crate) fn start(command: &mut Command, scratch: &Path) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        if scratch != Path::new(".") {
            command.stderr(File::create(scratch.join("stderr"))?);
        }
        let child = command.spawn().with_context(|| format!("cannot start {:?}", command.get_program()))?;
        Ok(Process { child })
    }

    /// Starts with all output in the file `log`.
    pub(crate) fn logged(command: &mut Command, log: &Path) -> Result<Self> {
        let log = File::create(log)?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().with_context(|| format!("cannot start {:?}", command.get_program()))?;
        Ok(Process { child })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The first line it prints.
    pub(crate) fn first_line(&mut self) -> Result<String> {
        let out = self.child.stdout.as_mut().context("no output")?;
        let mut line = Vec::new();
        let mut byte = [0];
        while out.read(&mut byte)? == 1 && byte[0] != b'\n' {
            line.push(byte[0]);
        }
        Ok(String::from_utf8(line)?)
    }

    /// Waits for its end and returns what it printed.
    pub(crate) fn finish(&mut self) -> Result<String> {
        let mut text = String::new();
        self.child.stdout.as_mut().context("no output")?.read_to_string(&mut text)?;
        self.child.wait()?;
        Ok(text)
    }

    /// Whether it still runs, after a short pause.
    pub(crate) fn runs(&mut self) -> Result<bool> {
        pause(Duration::from_millis(100));
        Ok(self.child.try_wait()?.is_none())
    }

    /// Asks it to end, then makes it.
    pub(crate) fn stop(&mut self) -> Result<ExitStatus> {
        if let Some(status) = self.child.try_wait()? {
            return Ok(status);
        }
        if cfg!(unix) {
            // The standard library has no gentle way; a killed nginx would leave its worker behind.
            let _ = Command::new("kill").arg("-TERM").arg(self.id().to_string()).status();
            let began = Instant::now();
            while began.elapsed() < GRACE {
                if let Some(status) = self.child.try_wait()? {
                    return Ok(status);
                }
                pause(Duration::from_millis(5));
            }
        }
        self.child.kill()?;
        Ok(self.child.wait()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}

fn pause(span: Duration) {
    #[expect(clippy::disallowed_methods, reason = "another process has no event to wait for")]
    std::thread::sleep(span);
}
