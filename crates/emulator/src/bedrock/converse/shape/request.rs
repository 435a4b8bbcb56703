//! The Converse request of the Bedrock runtime service model (2023-09-30), member by member.

use super::Pattern::{Any, Metadata, ToolId, ToolName};
use super::Shape::{self, Blob, Document, Flag, Fraction, List, Map, Structure, Text, Union, Whole, Word};

const NO_LIMIT: usize = usize::MAX;

static TEXT: Shape = Text(0, NO_LIMIT, Any);
static FILLED: Shape = Text(1, NO_LIMIT, Any);
static NAME: Shape = Text(1, 64, ToolName);
static ID: Shape = Text(1, 64, ToolId);
static FLAG: Shape = Flag;
static BLOB: Shape = Blob;
static ANYTHING: Shape = Document;
static EMPTY: Shape = Structure { members: &[], required: &[] };
static COUNT: Shape = Whole(0);

static S3: Shape = Structure {
    members: &[("uri", &Text(1, 1024, Any)), ("bucketOwner", &Text(12, 12, Any))],
    required: &["uri"],
};
static BYTES: Shape = Union(&[("bytes", &BLOB), ("s3Location", &S3)]);
static CITATIONS_SWITCH: Shape = Structure { members: &[("enabled", &FLAG)], required: &["enabled"] };
static CACHE_POINT: Shape = Structure {
    members: &[("type", &Word(&["default"])), ("ttl", &Word(&["5m", "1h"]))],
    required: &["type"],
};
static IMAGE: Shape = Structure {
    members: &[("format", &Word(&["png", "jpeg", "gif", "webp"])), ("source", &BYTES)],
    required: &["format", "source"],
};
static PART: Shape = Union(&[("text", &TEXT)]);
static DOCUMENT: Shape = Structure {
    members: &[
        ("format", &Word(&["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"])),
        ("name", &Text(1, 200, Any)),
        (
            "source",
            &Union(&[
                ("bytes", &BLOB),
                ("s3Location", &S3),
                ("text", &TEXT),
                ("content", &List(0, NO_LIMIT, &PART)),
            ]),
        ),
        ("context", &TEXT),
        ("citations", &CITATIONS_SWITCH),
    ],
    required: &["name", "source"],
};
static VIDEO: Shape = Structure {
    members: &[
        ("format", &Word(&["mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"])),
        ("source", &BYTES),
    ],
    required: &["format", "source"],
};
static AUDIO: Shape = Structure {
    members: &[
        (
            "format",
            &Word(&[
                "mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "mkv", "mka", "x-aac", "m4a", "mpeg",
                "mpga", "pcm", "webm",
            ]),
        ),
        ("source", &BYTES),
    ],
    required: &["format", "source"],
};
static TOOL_USE: Shape = Structure {
    members: &[
        ("toolUseId", &ID),
        ("name", &NAME),
        ("input", &ANYTHING),
        ("type", &Word(&["server_tool_use"])),
    ],
    required: &["toolUseId", "name", "input"],
};
static SEARCH_RESULT: Shape = Structure {
    members: &[
        ("source", &TEXT),
        ("title", &TEXT),
        ("content", &List(0, NO_LIMIT, &Structure { members: &[("text", &TEXT)], required: &["text"] })),
        ("citations", &CITATIONS_SWITCH),
    ],
    required: &["source", "title", "content"],
};
static TOOL_RESULT: Shape = Structure {
    members: &[
        ("toolUseId", &ID),
        (
            "content",
            &List(
                0,
                NO_LIMIT,
                &Union(&[
                    ("json", &ANYTHING),
                    ("text", &TEXT),
                    ("image", &IMAGE),
                    ("document", &DOCUMENT),
                    ("video", &VIDEO),
                    ("searchResult", &SEARCH_RESULT),
                ]),
            ),
        ),
        ("status", &Word(&["success", "error"])),
        ("type", &TEXT),
    ],
    required: &["toolUseId", "content"],
};
static GUARDED: Shape = Union(&[
    (
        "text",
        &Structure {
            members: &[
                ("text", &TEXT),
                ("qualifiers", &List(0, NO_LIMIT, &Word(&["grounding_source", "query", "guard_content"]))),
            ],
            required: &["text"],
        },
    ),
    (
        "image",
        &Structure {
            members: &[("format", &Word(&["png", "jpeg"])), ("source", &Union(&[("bytes", &BLOB)]))],
            required: &["format", "source"],
        },
    ),
]);
static REASONING: Shape = Union(&[
    ("reasoningText", &Structure { members: &[("text", &TEXT), ("signature", &TEXT)], required: &["text"] }),
    ("redactedContent", &BLOB),
]);
static SPAN: Shape = Structure {
    members: &[("documentIndex", &COUNT), ("searchResultIndex", &COUNT), ("start", &COUNT), ("end", &COUNT)],
    required: &[],
};
static CITED: Shape = Structure {
    members: &[
        ("content", &List(0, NO_LIMIT, &PART)),
        (
            "citations",
            &List(
                0,
                NO_LIMIT,
                &Structure {
                    members: &[
                        ("title", &TEXT),
                        ("source", &TEXT),
                        ("sourceContent", &List(0, NO_LIMIT, &PART)),
                        (
                            "location",
                            &Union(&[
                                (
                                    "web",
                                    &Structure {
                                        members: &[("url", &TEXT), ("domain", &TEXT)],
                                        required: &[],
                                    },
                                ),
                                ("documentChar", &SPAN),
                                ("documentPage", &SPAN),
                                ("documentChunk", &SPAN),
                                ("searchResultLocation", &SPAN),
                            ]),
                        ),
                    ],
                    required: &[],
                },
            ),
        ),
    ],
    required: &[],
};
static TOOL_REFERENCE: Shape = Structure {
    members: &[(
        "tool",
        &Structure {
            members: &[
                ("type", &Text(1, 64, Any)),
                ("name", &Text(1, 128, Any)),
                ("serverName", &Text(1, 128, Any)),
            ],
            required: &[],
        },
    )],
    required: &["tool"],
};
static MESSAGES: Shape = List(
    0,
    NO_LIMIT,
    &Structure {
        members: &[
            ("role", &Word(&["user", "assistant", "system"])),
            (
                "content",
                &List(
                    0,
                    NO_LIMIT,
                    &Union(&[
                        ("text", &TEXT),
                        ("image", &IMAGE),
                        ("document", &DOCUMENT),
                        ("video", &VIDEO),
                        ("audio", &AUDIO),
                        ("toolUse", &TOOL_USE),
                        ("toolResult", &TOOL_RESULT),
                        ("guardContent", &GUARDED),
                        ("cachePoint", &CACHE_POINT),
                        ("reasoningContent", &REASONING),
                        ("citationsContent", &CITED),
                        ("searchResult", &SEARCH_RESULT),
                        ("toolAddition", &TOOL_REFERENCE),
                        ("toolRemoval", &TOOL_REFERENCE),
                    ]),
                ),
            ),
        ],
        required: &["role", "content"],
    },
);
static SYSTEM: Shape =
    List(0, NO_LIMIT, &Union(&[("text", &FILLED), ("guardContent", &GUARDED), ("cachePoint", &CACHE_POINT)]));
static TOOL_SPEC: Shape = Structure {
    members: &[
        ("name", &NAME),
        ("description", &FILLED),
        ("inputSchema", &Union(&[("json", &ANYTHING)])),
        ("strict", &FLAG),
    ],
    required: &["name", "inputSchema"],
};
static TOOL_CONFIG: Shape = Structure {
    members: &[
        (
            "tools",
            &List(
                1,
                NO_LIMIT,
                &Union(&[
                    ("toolSpec", &TOOL_SPEC),
                    ("systemTool", &Structure { members: &[("name", &NAME)], required: &["name"] }),
                    ("cachePoint", &CACHE_POINT),
                ]),
            ),
        ),
        (
            "toolChoice",
            &Union(&[
                ("auto", &EMPTY),
                ("any", &EMPTY),
                ("tool", &Structure { members: &[("name", &NAME)], required: &["name"] }),
            ]),
        ),
    ],
    required: &["tools"],
};
static GUARDRAIL: Shape = Structure {
    members: &[
        ("guardrailIdentifier", &Text(0, 2048, Any)),
        ("guardrailVersion", &TEXT),
        ("trace", &Word(&["enabled", "disabled", "enabled_full"])),
        ("streamProcessingMode", &Word(&["sync", "async"])),
    ],
    required: &[],
};
static OUTPUT_CONFIG: Shape = Structure {
    members: &[
        (
            "textFormat",
            &Structure {
                members: &[
                    ("type", &Word(&["json_schema"])),
                    (
                        "structure",
                        &Union(&[(
                            "jsonSchema",
                            &Structure {
                                members: &[("schema", &TEXT), ("name", &TEXT), ("description", &TEXT)],
                                required: &["schema"],
                            },
                        )]),
                    ),
                ],
                required: &["type", "structure"],
            },
        ),
        ("effort", &Text(0, 16, Any)),
    ],
    required: &[],
};

/// The body of Converse and ConverseStream.
pub(in crate::bedrock::converse) static REQUEST: Shape = Structure {
    members: &[
        ("messages", &MESSAGES),
        ("system", &SYSTEM),
        (
            "inferenceConfig",
            &Structure {
                members: &[
                    ("maxTokens", &Whole(1)),
                    ("temperature", &Fraction),
                    ("topP", &Fraction),
                    ("stopSequences", &List(0, 2500, &FILLED)),
                ],
                required: &[],
            },
        ),
        ("toolConfig", &TOOL_CONFIG),
        ("guardrailConfig", &GUARDRAIL),
        ("additionalModelRequestFields", &ANYTHING),
        ("promptVariables", &Map(NO_LIMIT, &PART)),
        ("additionalModelResponseFieldPaths", &List(0, 10, &Text(1, 256, Any))),
        ("requestMetadata", &Map(16, &Text(0, 256, Metadata))),
        (
            "performanceConfig",
            &Structure { members: &[("latency", &Word(&["standard", "optimized"]))], required: &[] },
        ),
        (
            "serviceTier",
            &Structure {
                members: &[("type", &Word(&["priority", "default", "flex", "reserved"]))],
                required: &["type"],
            },
        ),
        ("outputConfig", &OUTPUT_CONFIG),
    ],
    required: &[],
};

/// What CountTokens takes of it.
pub(in crate::bedrock::converse) static COUNTED: Shape = Structure {
    members: &[
        ("messages", &MESSAGES),
        ("system", &SYSTEM),
        ("toolConfig", &TOOL_CONFIG),
        ("additionalModelRequestFields", &ANYTHING),
    ],
    required: &[],
};
