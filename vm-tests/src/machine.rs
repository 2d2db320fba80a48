//! A machine of the lab: network, mount and UTS namespaces of its own, kept alive by a holder process.
//!
//! ```text
//!   lab ──stdin──> lab hold NAME            unshares, private /etc and /run, own host name; ends when stdin closes
//!    └──────────> lab inside PID -- …       enters the holder's namespaces, then becomes the program
//! ```
//!
//! Everything started here dies with the thread that started it (`PR_SET_PDEATHSIG`), so background processes must be
//! started from a thread that lives as long as they should.

pub mod cgroup;
mod enter;
mod hold;
mod process;
mod user_namespace;

use std::{
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Output, Stdio},
};

use anyhow::{Context, Result, bail};

pub(crate) use enter::BOUND;
pub use enter::{Entry, inside};
pub use hold::hold;
pub use process::{Process, tail};
pub use user_namespace::Users;

/// Environment variable that marks every process of a lab with the lab's directory.
pub const MARK: &str = "LANLORD_LAB";

/// Where machines keep their files and which binary their holders are.
#[derive(Clone, Debug)]
pub struct Site {
    /// The lab's directory: one folder per machine below `machines/`, logs below `logs/`.
    pub directory: PathBuf,
    /// The lab binary, for its sub-commands `hold` and `inside`.
    pub lab_binary: PathBuf,
    /// Folder that goes in front of `PATH` in every machine: where the release binary is.
    pub programs: Option<PathBuf>,
}

impl Site {
    /// Where the logs of all parts are.
    pub fn logs(&self) -> PathBuf {
        self.directory.join("logs")
    }

    /// The folder of one machine, for what runs in it: state, leases.
    pub fn machine_directory(&self, machine: &str) -> PathBuf {
        self.directory.join("machines").join(machine)
    }
}

/// One machine.
#[derive(Debug)]
pub struct Machine {
    name: String,
    holder: u32,
    site: Site,
    /// The holder and the pipe that keeps it; none in a process that only visits.
    held: Option<(Child, ChildStdin)>,
}

impl Machine {
    /// Makes the namespaces. The machine is gone when the value is dropped.
    pub fn start(name: &str, site: &Site, users: Users) -> Result<Self> {
        let directory = site.machine_directory(name);
        std::fs::create_dir_all(&directory)
            .with_context(|| format!("create {}", directory.display()))?;
        let mut child = Command::new(&site.lab_binary)
            .args(["hold", name, "--directory"])
            .arg(&directory)
            .args(users.arguments())
            .env(MARK, &site.directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .with_context(|| format!("start {}", site.lab_binary.display()))?;
        let mut stdin = child
            .stdin
            .take()
            .context("the holder has a pipe as stdin")?;
        let stdout = child
            .stdout
            .take()
            .context("the holder has a pipe as stdout")?;
        let mut stdout = BufReader::new(stdout);
        users.map(child.id(), &mut stdout, &mut stdin)?;
        let mut line = String::new();
        stdout
            .read_line(&mut line)
            .context("read from the holder")?;
        if line.trim() != "ready" {
            let output = child.wait_with_output().context("wait for the holder")?;
            bail!(
                "make the namespaces of {name}: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(Self {
            name: name.to_owned(),
            holder: child.id(),
            site: site.clone(),
            held: Some((child, stdin)),
        })
    }

    /// A machine that another process holds.
    pub fn visit(name: &str, holder: u32, site: &Site) -> Self {
        Self {
            name: name.to_owned(),
            holder,
            site: site.clone(),
            held: None,
        }
    }

    /// Its name, which is its host name too.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Process id of the holder; `ip link … netns PID` takes it.
    pub fn holder(&self) -> u32 {
        self.holder
    }

    /// Its folder, the same path inside and outside.
    pub fn directory(&self) -> PathBuf {
        self.site.machine_directory(&self.name)
    }

    /// A path of the machine's own mount namespace, as seen from outside.
    pub fn outside(&self, path: &Path) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder));
        root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// A command that runs inside, with the caller's stdin, stdout and stderr.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(&self.site.lab_binary);
        command
            .args(["inside", &self.holder.to_string()])
            .arg("--")
            .arg(program)
            .env(MARK, &self.site.directory)
            .env("PATH", search_path(self.site.programs.as_deref()));
        command
    }

    /// As [`Machine::command`], in a control group of its own, see [`cgroup`].
    pub fn command_in(&self, group: &Path, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = self.command(program);
        command.env(enter::CGROUP, group);
        command
    }

    /// Runs a program to its end and returns what it printed.
    pub fn run(&self, program: &str, args: &[&str]) -> Result<Output> {
        self.command(program)
            .args(args)
            .stdin(Stdio::null())
            .process_group(0)
            .output()
            .with_context(|| format!("run {program} on {}", self.name))
    }

    /// Runs a program that must succeed; its stdout, trimmed.
    pub fn succeed(&self, program: &str, args: &[&str]) -> Result<String> {
        let output = self.run(program, args)?;
        if !output.status.success() {
            bail!(
                "on {}: {program} {}: {}: {}",
                self.name,
                args.join(" "),
                output.status,
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Runs a program that reads `input`; its stdout.
    pub fn feed(&self, program: &str, args: &[&str], input: &str) -> Result<String> {
        use std::io::Write;
        let mut child = self
            .command(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .with_context(|| format!("run {program} on {}", self.name))?;
        let mut stdin = child.stdin.take().context("stdin is a pipe")?;
        // An early end of the program shows in its status and stderr, which say more than the broken pipe.
        let written = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output()?;
        if !output.status.success() || written.is_err() {
            bail!(
                "on {}: {program} {}: {}: {}\n{input}",
                self.name,
                args.join(" "),
                output.status,
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Starts a program in the background; stdout and stderr go to `logs/<machine>-<part>.log`, appended.
    pub fn spawn(
        &self,
        part: &str,
        program: impl AsRef<std::ffi::OsStr>,
        args: &[&str],
    ) -> Result<Process> {
        let mut command = self.command(program);
        command.args(args);
        self.spawn_command(part, command)
    }

    /// As [`Machine::spawn`], for a command from [`Machine::command`] with an environment of its own.
    pub fn spawn_command(&self, part: &str, mut command: Command) -> Result<Process> {
        command.env(BOUND, "1");
        Process::start(&format!("{}-{part}", self.name), &self.site.logs(), command)
    }

    /// Processes inside, the holder excepted; daemons that left their parent included.
    pub fn processes(&self) -> Result<Vec<u32>> {
        let ours = std::fs::read_link(format!("/proc/{}/ns/net", self.holder))
            .with_context(|| format!("read the network namespace of {}", self.name))?;
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").context("list /proc")? {
            let Ok(pid) = entry?.file_name().to_string_lossy().parse::<u32>() else {
                continue;
            };
            let same = std::fs::read_link(format!("/proc/{pid}/ns/net")).is_ok_and(|ns| ns == ours);
            if same && pid != self.holder {
                found.push(pid);
            }
        }
        Ok(found)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let Some((mut child, stdin)) = self.held.take() else {
            return;
        };
        for pid in self.processes().unwrap_or_default() {
            process::kill(pid);
        }
        drop(stdin);
        // The holder ends by itself once its stdin is closed; a failure to wait leaves nothing to do here.
        let _ = child.wait();
    }
}

fn search_path(first: Option<&Path>) -> std::ffi::OsString {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"];
    let folders = first
        .map(Path::to_path_buf)
        .into_iter()
        .chain(std::env::split_paths(&inherited))
        .chain(system.iter().map(PathBuf::from));
    std::env::join_paths(folders).unwrap_or(inherited)
}
