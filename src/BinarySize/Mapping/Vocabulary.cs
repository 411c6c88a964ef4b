namespace BinarySize.Mapping;

/// <summary>How sure a slice's owner is.</summary>
public enum Basis : byte
{
    /// <summary>The file itself says so.</summary>
    Exact,

    /// <summary>It follows from the file and a rule (a shared run split among its owners, a symbol bounded by its neighbour).</summary>
    Derived,

    /// <summary>A proportion (a compressed entry's bytes split as its unpacked content is).</summary>
    Estimated,
}

/// <summary>What a node of the part tree is: where in a file or container bytes lie.</summary>
public enum PartKind : byte
{
    /// <summary>A file, or a file inside a container.</summary>
    File,

    /// <summary>A folder inside a container, or an image's layer.</summary>
    Folder,
    Layer,

    /// <summary>One architecture of a fat binary.</summary>
    Slice,
    Segment,
    Section,

    /// <summary>A named piece inside a section: a resource, a data directory, a metadata table.</summary>
    Block,

    /// <summary>File, program, section, archive headers and tables: what the format needs for itself.</summary>
    Header,

    /// <summary>Bytes that only keep alignment: all zero, or the format's fill byte.</summary>
    Padding,

    /// <summary>Bytes that nothing in the format refers to, and that are not padding.</summary>
    Gap,

    /// <summary>Bytes after the end that the format states: a signature, a bundle.</summary>
    Overlay,

    /// <summary>Bytes that could not be read as what they should be.</summary>
    Unreadable,
}

/// <summary>What bytes are for.</summary>
public enum ContentKind : byte
{
    /// <summary>Not looked into.</summary>
    Other,
    Code,
    ReadOnlyData,
    Data,

    /// <summary>Tables and headers of the file format.</summary>
    Format,

    /// <summary>Symbol-table entries and symbol names.</summary>
    Symbols,
    Relocations,

    /// <summary>Frame descriptions, exception tables, GC info.</summary>
    Unwind,
    Debug,

    /// <summary>ECMA-335 or NativeAOT reflection metadata.</summary>
    Metadata,
    Resource,
    Signature,
    Padding,
    Unreadable,
}

/// <summary>What a node of the owner tree is: who is answerable for bytes.</summary>
public enum OwnerKind : byte
{
    /// <summary>NuGet package, Go module, Rust crate.</summary>
    Package,
    Assembly,

    /// <summary>A named part of a native runtime: GC, PAL, libstdc++, zlib.</summary>
    Component,

    /// <summary>Namespace, Go package, Rust module, C++ namespace.</summary>
    Namespace,
    Type,

    /// <summary>Method, field, function of a type or module.</summary>
    Member,

    /// <summary>A linker symbol; its name is as the file has it (mangled).</summary>
    Symbol,
}

/// <summary>Something that measuring could not do as it should; never fatal. <paramref name="Code"/> is a BSZ4xxx code.</summary>
public sealed record MapWarning(string Code, string Message);

/// <summary>The codes of the warnings that reading files gives rise to; one page each under docs/diagnostics.</summary>
public static class MapWarningCodes
{
    /// <summary>The file or folder to measure is not there, or is empty where it should not be.</summary>
    public const string Missing = "BSZ4001";

    /// <summary>The file could not be opened or read.</summary>
    public const string Unreadable = "BSZ4002";

    /// <summary>The file is damaged: it claims a format and breaks its rules.</summary>
    public const string Damaged = "BSZ4003";

    /// <summary>The file changed while it was read.</summary>
    public const string Changed = "BSZ4004";

    /// <summary>A link that leads nowhere, outside, or in a circle.</summary>
    public const string Link = "BSZ4005";

    /// <summary>A format or version that is not known; it is measured as a whole.</summary>
    public const string Unknown = "BSZ4006";

    /// <summary>A limit that guards time or memory was reached; the rest is measured as a whole.</summary>
    public const string Limit = "BSZ4007";

    /// <summary>Debug information or a diagnostics file does not belong to the binary, and is not used.</summary>
    public const string Mismatch = "BSZ4008";

    /// <summary>Owners could not be resolved as finely as usual; a coarser owner stands in.</summary>
    public const string Attribution = "BSZ4009";
}
