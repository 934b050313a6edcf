//! `hotline prompts`: recordings made, checked and listed.
use super::{Common, Done, Exit, Failure, installation};
use crate::prompts::{self, Tts};
use clap::Subcommand;

#[derive(Subcommand)]
pub enum PromptsCommand {
    /// Synthesise what is missing or has changed; studio recordings are never overwritten
    Build,
    /// Look for missing, clipped, silent and too loud or too quiet recordings
    Check,
    /// The reading list for a studio, as CSV
    Script,
    /// Bring recordings that were dropped in place to the level and shape of the others
    Normalize,
    /// Bring a studio recording in: trimmed, 8 kHz, −20 LUFS
    Import {
        /// ru or en
        language: String,
        /// WAV files named by their prompts: `welcome.wav`
        #[arg(required = true)]
        files: Vec<std::path::PathBuf>,
    },
}

pub fn run(common: &Common, command: PromptsCommand) -> Done {
    let installation = installation::load(common)?;
    let catalogue = installation.catalogue_with_flows()?;
    let dir = &installation.config.prompts.dir;
    match command {
        PromptsCommand::Build => {
            let tts = Tts::new(installation.config.prompts.tts.clone());
            let report = prompts::build(dir, &catalogue, &tts, &mut |made| eprintln!("made {made}"))
                .map_err(|error| Failure::new(Exit::Findings, error))?;
            for stale in &report.stale {
                println!("{stale}: the text has changed since the studio recorded it; it is kept as it is");
            }
            for removed in &report.removed {
                println!("{removed}: removed, no prompt has this name any more");
            }
            let (made, unchanged, studio) = (report.made.len(), report.unchanged, report.studio.len());
            println!("{made} made, {unchanged} unchanged, {studio} from the studio");
            Ok(if report.stale.is_empty() { Exit::Ok } else { Exit::Findings })
        }
        PromptsCommand::Check => {
            let findings = prompts::check(dir, &catalogue);
            for finding in &findings {
                println!("{finding}\n");
            }
            eprintln!(
                "{}",
                if findings.is_empty() {
                    "clean".to_string()
                } else {
                    format!("{} findings", findings.len())
                }
            );
            Ok(if findings.is_empty() { Exit::Ok } else { Exit::Findings })
        }
        PromptsCommand::Script => {
            prompts::script(dir, &catalogue, std::io::stdout())
                .map_err(|error| Failure::new(Exit::Findings, error))?;
            Ok(Exit::Ok)
        }
        PromptsCommand::Normalize => {
            let changed =
                prompts::normalize(dir, &catalogue).map_err(|error| Failure::new(Exit::Findings, error))?;
            changed.iter().for_each(|file| println!("{}", file.display()));
            eprintln!("{} recordings changed", changed.len());
            Ok(Exit::Ok)
        }
        PromptsCommand::Import { language, files } => {
            let language = crate::say::Language::parse(&language).ok_or_else(|| {
                Failure::new(Exit::Usage, format!("language {language}: expected ru or en"))
            })?;
            for file in files {
                let place = prompts::import(dir, &catalogue, language, &file)
                    .map_err(|error| Failure::new(Exit::Findings, error))?;
                println!("{}", place.display());
            }
            Ok(Exit::Ok)
        }
    }
}
