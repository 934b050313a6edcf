//! Lists the built files of the pages (`web/dist`) for `src/web/page.rs`. Without them, or without Node, the list is empty
//! and the rest builds as ever.
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const DIST: &str = "web/dist";

fn main() -> io::Result<()> {
    // The folder is always there (`.gitkeep`): Cargo runs this anew each time when what it watches is missing.
    println!("cargo::rerun-if-changed={DIST}");
    println!("cargo::rerun-if-changed=build.rs");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join(DIST);
    let mut files = Vec::new();
    walk(&root, &mut files)?;
    files.sort();
    let mut list = String::from("&[\n");
    for file in &files {
        let (Some(kind), Ok(below)) = (kind(file), file.strip_prefix(&root)) else { continue };
        // Rust's own quoting: a path may hold what a literal may not.
        let path = format!("/{}", below.to_string_lossy().replace('\\', "/"));
        list += &format!("    ({path:?}, {kind:?}, include_bytes!({:?})),\n", file.to_string_lossy());
    }
    list += "]\n";
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("pages.rs");
    fs::write(out, list)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() { walk(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

/// Types of the files that Vite writes; others are not served.
fn kind(file: &Path) -> Option<&'static str> {
    match file.extension()?.to_str()? {
        "html" => Some("text/html; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}
