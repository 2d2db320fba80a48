//! What a stand-in web server's page says.

use crate::machine::Machine;

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Who served it.
    pub server: String,
    /// The client's address as the server saw it.
    pub client: String,
}

/// Fetches a page with curl, as a person would; else what went wrong.
pub fn fetch(machine: &Machine, url: &str) -> Result<Page, String> {
    let output = machine
        .run(
            "curl",
            &[
                "--silent",
                "--show-error",
                // The lab's certificates are signed by nobody that curl knows.
                "--insecure",
                "--max-time",
                "2",
                "--write-out",
                "\nstatus: %{http_code}\n",
                url,
            ],
        )
        .map_err(|error| format!("{error:#}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            .map(str::to_owned)
    };
    match (field("status").as_deref(), field("server"), field("client")) {
        (Some("200"), Some(server), Some(client)) => Ok(Page { server, client }),
        _ => Err(format!("an answer of another kind: {}", text.trim())),
    }
}
