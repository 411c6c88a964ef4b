using BinarySize.Mapping;

namespace BinarySize.Reports;

/// <summary>How part kinds are named in reports.</summary>
public static class PartKinds
{
    public static string NameOf(PartKind kind) => kind switch
    {
        PartKind.File => "file",
        PartKind.Folder => "folder",
        PartKind.Layer => "layer",
        PartKind.Slice => "architecture",
        PartKind.Segment => "segment",
        PartKind.Section => "section",
        PartKind.Block => "block",
        PartKind.Header => "header",
        PartKind.Padding => "padding",
        PartKind.Gap => "gap",
        PartKind.Overlay => "overlay",
        _ => "unreadable",
    };
}

/// <summary>How content kinds are named in reports, at level "kind".</summary>
public static class ContentKinds
{
    public static string NameOf(ContentKind kind) => kind switch
    {
        ContentKind.Code => "code",
        ContentKind.ReadOnlyData => "read-only data",
        ContentKind.Data => "data",
        ContentKind.Format => "format",
        ContentKind.Symbols => "symbols",
        ContentKind.Relocations => "relocations",
        ContentKind.Unwind => "unwind",
        ContentKind.Debug => "debug",
        ContentKind.Metadata => "metadata",
        ContentKind.Resource => "resource",
        ContentKind.Signature => "signature",
        ContentKind.Padding => "padding",
        ContentKind.Unreadable => "unreadable",
        _ => "other",
    };
}
