//! The stable codes of findings, each with the paragraph that `hotline check --explain CODE` prints.

/// What a code means and what to do about it.
pub fn explain(code: &str) -> Option<&'static str> {
    CODES.iter().find(|(known, _)| known.eq_ignore_ascii_case(code)).map(|(_, text)| *text)
}

pub const CODES: &[(&str, &str)] = &[
    // The file as text and as YAML
    (
        "HF000",
        "The file or folder could not be read. The message has the operating system's reason: check that it exists and that the server's user may read it.",
    ),
    (
        "HF001",
        "The text is not valid YAML. Common reasons: a bracket or quote that is not closed, an indentation that jumps, a `: ` inside an unquoted text. Quote texts that contain punctuation.",
    ),
    (
        "HF002",
        "A line is indented with a tab. YAML allows only spaces there; what a tab looks like depends on the editor, so the structure would depend on it too. Use two spaces per level.",
    ),
    (
        "HF003",
        "`*` and `#` mean something to YAML when they are not quoted: `*` refers to an anchor, `#` begins a comment and hides the rest of the line. Write the telephone keys as `star` and `hash`, or quote them: \"*\", \"#\".",
    ),
    (
        "HF004",
        "A key stands twice in one mapping. Plain YAML would silently keep one of the two; here both are shown. Remove or rename one of them.",
    ),
    (
        "HF005",
        "`{{` without quotes begins a nested mapping in YAML, not a template. Put the whole value in double quotes: \"https://host/{{ vars.id }}\".",
    ),
    (
        "HF006",
        "A value has another type than the key needs: a text where a list is due, a word where a number is due. `no`, `yes`, `on`, `off`, `y` and `0123` are texts and never change their type; a switch is written `true` or `false`.",
    ),
    (
        "HF007",
        "The file is larger, more deeply nested, or expands its aliases further than a hand-written file ever does. The limits guard the server against a file made to exhaust its memory. Split the file or write the repeated parts out.",
    ),
    (
        "HF008",
        "The file has no content. A flow file needs at least `flow:` and `steps:`. Delete the file if it is not used.",
    ),
    (
        "HF009",
        "A key is not known in this place. Unknown keys are errors, because a misspelt key would silently do nothing. The help names the nearest known key.",
    ),
    (
        "HF010",
        "A key that has no default is missing. The message names it; the reference in docs/call-flows.md has its meaning.",
    ),
    ("HF011", "A word is not one of the words allowed in this place."),
    (
        "HF012",
        "A duration has no unit, or one that is not known. Write `5s`, `1500ms`, `2m` or `1h`: a bare number says nothing about seconds or milliseconds.",
    ),
    ("HF013", "A range of digits is written `4..20`: the smaller number first, both included, at most 32."),
    (
        "HF014",
        "The keys of a menu are \"0\" to \"9\", `star` and `hash`. Digits are quoted, because YAML takes an unquoted 1 for a number and not for a key of the telephone.",
    ),
    ("HF015", "A value is outside the limits of its key, or not in the form its key needs."),
    ("HF016", "A file has one document. Remove the `---` lines and put other flows into files of their own."),
    // The shape of a flow
    (
        "HF020",
        "A step's kind is its only key, as in `main: {menu: {…}}`. `type: menu` is not used here, and neither are two kinds in one step.",
    ),
    (
        "HF021",
        "A kind of step or of `say` item that does not exist. The help names the nearest one or all of them.",
    ),
    (
        "HF022",
        "A target names a step that this flow does not have. Targets are steps of the same file, or `repeat`, `stay`, `return`. To go to another flow use a `run` step.",
    ),
    ("HF023", "This kind of step is part of the language but not supported by this version yet."),
    (
        "HF024",
        "Two files have the same flow name. A flow's name is how lines, queues and `run` steps refer to it, so it must be unique.",
    ),
    (
        "HF025",
        "Two lines have the same number. A call to it could only go to one of them. Spellings do not matter: 8-800-… and +7800… are the same number.",
    ),
    (
        "HF026",
        "A step's name is reserved: `repeat`, `stay` and `return` are targets of their own. Choose another name.",
    ),
    (
        "HF027",
        "`return` comes back to the flow that ran this one, so it has no meaning in a line (a file with `entry`). End a line with `hangup`.",
    ),
    (
        "HF028",
        "`stay` keeps a caller in the queue. It has a meaning only in a flow that some queue uses as `while_waiting`.",
    ),
    (
        "HF029",
        "A flow runs itself, directly or through others. Sub-flows may nest but not recur: a call could otherwise never end.",
    ),
    // The graph
    (
        "HF030",
        "A menu needs all three ways out: `invalid` (a key it does not have), `timeout` (nothing pressed) and `exhausted` (after `repeat` attempts). A caller who cannot press keys must get somewhere too.",
    ),
    (
        "HF031",
        "A step that can fail needs its failure edge: `http` and `ticket` have `on_error`, `lookup` has `not_found` and `on_error`, `record`, `collect` and `transfer` have `failed`. Services do fail, and the caller must hear something then.",
    ),
    (
        "HF032",
        "Steps lead into each other in a circle without any act of the caller and without a bound: the call would run for ever. Break the circle with a menu, a collect, or an end. The `exhausted`, `failed`, `on_error` and queue exits count as no act.",
    ),
    (
        "HF033",
        "No path from the flow's start leads to this step. It is either left over or some target is misspelt.",
    ),
    (
        "HF034",
        "From this step no path leads to a person, a message or a hang-up: the caller can only go round until he gives up. Give him a way to a queue, a recording or an end.",
    ),
    // Values
    (
        "HF040",
        "A variable is read on some path before any step has set it. The message names a path. Set it on every path, or take the failure edge to a step that does not need it.",
    ),
    (
        "HF041",
        "A setting is read that the file does not declare. Declare it with its default under `settings:` of this file; installations then set it in config.yaml under `lines.<flow>.settings`.",
    ),
    (
        "HF042",
        "An expression cannot be read. Bare expressions are in Jinja's language: `vars.amount`, `caller.class == \"priority\"`, `vars.tries + 1`. Constant texts inside them are quoted once more: \"'yes'\".",
    ),
    (
        "HF043",
        "Three kinds of value are never mixed: bare expressions (`vars.x`), quoted templates (\"text {{ vars.x }}\"), and plain names (targets, prompts, queues). The table in docs/call-flows.md says which key takes which.",
    ),
    (
        "HF044",
        "The expression was tried on a sample of values and failed. It would fail for a caller too and take the step's failure edge.",
    ),
    (
        "HF045",
        "A setting in config.yaml does not fit the flow: the flow has no such setting, or its default has another type.",
    ),
    (
        "HF046",
        "A name is not one of the variables: call.*, caller.{number,verified,class,name}, now.*, queue.{position,wait}, vars.*, settings.*.",
    ),
    // What the installation has
    (
        "HF050",
        "A queue is not declared in config.yaml under `queues:`. A call sent there would never reach anybody.",
    ),
    (
        "HF051",
        "A skill is asked for that no operator in config.yaml has. Such a call would leave its queue at once.",
    ),
    ("HF052", "A calendar is not declared in config.yaml under `calendars:`."),
    ("HF053", "A `run` or `while_waiting` names a flow that is in none of the files."),
    (
        "HF054",
        "A sub-flow is run with other arguments than it declares under `args:`. All of them must be given, and no others.",
    ),
    (
        "HF055",
        "A prompt is missing in one of the languages. Add its text to prompts.yaml and run `hotline prompts build`, or record it as prompts/<language>/<id>.wav.",
    ),
    (
        "HF056",
        "The flow dials out, but config.yaml has no outbound route (`outbound: {trunk, allow}`). Nothing is dialled that is not allowed there.",
    ),
    (
        "HF057",
        "A line (a file with `entry`) cannot be run as a sub-flow: its steps end the call instead of returning.",
    ),
    (
        "HF070",
        "A line of a flow test did not hold: the call went another way than the test expects. The help says what happened since the caller's last key or pause; `hotline test --verbose` shows the whole call.",
    ),
    (
        "HF071",
        "A comment `# allow HF033: reason` has no reason, or names a finding that cannot be allowed because the flow could not be walked with it. The reason is for whoever reads the file in a year.",
    ),
    (
        "HF072",
        "A comment allows a finding that is not there any more. Delete it: the next one would be hidden by it.",
    ),
];
