//! Where a check leaves its results: made ready before anything is measured, so that a mistake shows at once.

use anyhow::{Context, bail};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The recording's folder and the `JUnit` file, as far as they are wanted.
#[derive(Debug)]
pub(crate) struct Outputs {
    /// Where the recording goes.
    pub(crate) folder: Option<PathBuf>,
    junit: Option<(PathBuf, File)>,
    /// What was made here, to be removed when nothing was measured: innermost last.
    made: Vec<PathBuf>,
}

impl Outputs {
    /// Makes the folder and opens the file.
    pub(crate) fn prepare(output: Option<&Path>, junit: Option<&Path>) -> anyhow::Result<Self> {
        let mut outputs = Self { folder: None, junit: None, made: Vec::new() };
        let prepared = outputs.open_junit(junit).and_then(|()| outputs.make_folder(output));
        if let Err(error) = prepared {
            outputs.abandon();
            return Err(error);
        }
        Ok(outputs)
    }

    /// Nothing was measured: no empty folder or file is left behind.
    pub(crate) fn abandon(self) {
        for path in self.made.iter().rev() {
            let removed = if path.is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) };
            if let Err(error) = removed {
                tracing::debug!(%error, path = %path.display(), "left behind");
            }
        }
    }

    /// Writes the `JUnit` file, if one is wanted.
    pub(crate) fn write_junit(&mut self, text: &str) -> anyhow::Result<()> {
        let Some((path, file)) = &mut self.junit else { return Ok(()) };
        let written = file.set_len(0).and_then(|()| file.write_all(text.as_bytes()));
        written.with_context(|| format!("could not write {}", path.display()))
    }

    fn open_junit(&mut self, path: Option<&Path>) -> anyhow::Result<()> {
        let Some(path) = path else { return Ok(()) };
        let is_new = !path.exists();
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let file = file.with_context(|| format!("could not write {}", path.display()))?;
        if is_new {
            self.made.push(path.to_owned());
        }
        self.junit = Some((path.to_owned(), file));
        Ok(())
    }

    fn make_folder(&mut self, output: Option<&Path>) -> anyhow::Result<()> {
        let folder = match output {
            Some(path) if path == Path::new("none") => return Ok(()),
            Some(path) => {
                self.make_all(path)?;
                path.to_owned()
            }
            None => self.make_new()?,
        };
        let mut entries = fs::read_dir(&folder).with_context(|| could_not_make(&folder))?;
        if entries.next().is_some() {
            bail!("{} is not empty; a recording needs a folder of its own", folder.display());
        }
        self.folder = Some(folder);
        Ok(())
    }

    /// Makes a folder and those above it, one by one.
    fn make_all(&mut self, folder: &Path) -> anyhow::Result<()> {
        let above: Vec<&Path> = folder.ancestors().filter(|path| !path.as_os_str().is_empty()).collect();
        for path in above.into_iter().rev() {
            match fs::create_dir(path) {
                Ok(()) => self.made.push(path.to_owned()),
                Err(_) if path.is_dir() => {}
                Err(_) if path.exists() => {
                    bail!("{}: {} is no folder", could_not_make(folder), path.display())
                }
                Err(error) => return Err(error).with_context(|| could_not_make(folder)),
            }
        }
        Ok(())
    }

    /// Makes `runs/` and in it a folder named by the present time; a number behind it where that is taken.
    fn make_new(&mut self) -> anyhow::Result<PathBuf> {
        let runs = Path::new("runs");
        self.make_all(runs)?;
        #[expect(clippy::disallowed_methods, reason = "a folder is named by the wall clock")]
        let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string().replace(':', "-");
        let mut names =
            std::iter::once(runs.join(&now)).chain((2..).map(|number| runs.join(format!("{now}-{number}"))));
        loop {
            let name = names.next().expect("the numbers do not end");
            match fs::create_dir(&name) {
                Ok(()) => {
                    self.made.push(name.clone());
                    return Ok(name);
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error).with_context(|| could_not_make(&name)),
            }
        }
    }
}

fn could_not_make(folder: &Path) -> String {
    format!("could not make the recording's folder {}", folder.display())
}
