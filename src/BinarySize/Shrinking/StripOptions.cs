namespace BinarySize.Shrinking;

/// <summary>How files are stripped.</summary>
public sealed record StripOptions
{
    /// <summary>
    /// The folder that symbols are kept in, created on demand: <c>.build-id/xx/yyyy.debug</c> for a file with a build-id,
    /// otherwise <c>&lt;file&gt;.dbg</c>. Null: they are thrown away.
    /// </summary>
    public string? SymbolsDirectory { get; init; }

    /// <summary>objcopy or llvm-objcopy to use; null or empty: looked up by the file's machine.</summary>
    public string? ObjcopyPath { get; init; }

    /// <summary>PATH to look in; null: this process's, and well-known places.</summary>
    public string? SearchPath { get; init; }

    /// <summary>Time that the tool is given for a file.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);
}
