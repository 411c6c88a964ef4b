using BinarySize.Artifacts;
using BinarySize.Budgets;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Gate;

/// <summary>A budget as the project has it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Metadata">Its metadata, by names in any case.</param>
/// <param name="File">Full path of the file that it stands in.</param>
public sealed record BudgetItem(string Name, IReadOnlyDictionary<string, string> Metadata, string File);

/// <summary>What to say of a folder that nothing was done to, besides its sizes: see <see cref="Shrinking.FolderLook"/>.</summary>
/// <param name="MainFile">The main file, by its path in the folder; null where it has none.</param>
/// <param name="IsNativeAot">Whether that comes from the NativeAOT compiler.</param>
/// <param name="HostRuntimeIdentifier">The platform that the build runs on; null where not known.</param>
public sealed record LookRequest(string? MainFile, bool IsNativeAot, string? HostRuntimeIdentifier);

/// <summary>
/// Everything that measuring one stage and holding its budgets needs to know: a task fills it in, and it can be written to a
/// file, for another process that does it.
/// </summary>
public sealed record GateRequest
{
    // Raised when the layout of the file changes. Writer and reader come in one package.
    private const int Version = 3;

    /// <summary>The build of this package that asks: another one may come to another outcome.</summary>
    public required Guid ToolBuild { get; init; }

    public required Stage Stage { get; init; }

    /// <summary>True where this build goes on to a publish, which is judged by itself.</summary>
    public bool IsBeforePublish { get; init; }

    /// <summary>What to measure: what the stage produced, then further ones.</summary>
    public required IReadOnlyList<StagePlace> Places { get; init; }

    /// <summary>Full path of the project.</summary>
    public required string ProjectFile { get; init; }

    /// <summary>Absolute path of the folder for reports.</summary>
    public required string ReportDirectory { get; init; }

    /// <summary>Absolute path of the folder for what is remembered between builds.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>Formats of the reports: "json;md".</summary>
    public string ReportFormats { get; init; } = "";

    public string? TargetFramework { get; init; }

    public string? RuntimeIdentifier { get; init; }

    public string? Configuration { get; init; }

    public string? SdkVersion { get; init; }

    public string? ToolVersion { get; init; }

    /// <summary>Value of the property BinarySizeBudget.</summary>
    public string? Budget { get; init; }

    /// <summary>Items BinarySizeBudget.</summary>
    public IReadOnlyList<BudgetItem> Budgets { get; init; } = [];

    /// <summary>Value of the property BinarySizeCi.</summary>
    public string? Ci { get; init; }

    /// <summary>What growth is counted from.</summary>
    public required BaselineInputs Baseline { get; init; }

    /// <summary>Where files come from, by their path in the artifact with '/'.</summary>
    public IReadOnlyDictionary<string, PackageIdentity> Packages { get; init; } = new Dictionary<string, PackageIdentity>();

    /// <summary>The same for the files inside a single-file bundle; null where there is none.</summary>
    public IReadOnlyDictionary<string, PackageIdentity>? EntryPackages { get; init; }

    /// <summary>The same for assemblies that the NativeAOT compiler was given, by name.</summary>
    public IReadOnlyDictionary<string, PackageIdentity> CompiledPackages { get; init; } = new Dictionary<string, PackageIdentity>();

    /// <summary>Size statistics of the NativeAOT compiler, which need not exist; null where the app is not compiled ahead of time.</summary>
    public string? Mstat { get; init; }

    /// <summary>The native executable's symbols where the linker left them; null where it leaves none.</summary>
    public string? NativeSymbols { get; init; }

    /// <summary>What shrinking did; null where it did nothing.</summary>
    public string? Ledger { get; init; }

    /// <summary>What there is to say of the first artifact where nobody shrank it; null where somebody did, or it is no folder that ships.</summary>
    public LookRequest? Look { get; init; }

    /// <summary>What packed files were packed from, by their path in the artifact.</summary>
    public IReadOnlyDictionary<string, string> Unpacked { get; init; } = new Dictionary<string, string>();

    /// <summary>project.assets.json; null where there is none.</summary>
    public string? AssetsFile { get; init; }

    /// <summary>True where the build can ask why something is in what it made.</summary>
    public bool CanAskWhy { get; init; }

    /// <summary>Referenced assemblies.</summary>
    public IReadOnlyList<string> References { get; init; } = [];

    /// <summary>True for the file that the NativeAOT compiler made: it is named like the statistics, with the system's own extension or none.</summary>
    /// <param name="path">Path in the artifact.</param>
    public bool IsCompiledAheadOfTime(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (Mstat is null) return false;
        string stem = Path.GetFileNameWithoutExtension(Mstat);
        return path.StartsWith(stem, StringComparison.Ordinal) && path[stem.Length..] is ("" or ".exe" or ".so" or ".dll" or ".dylib");
    }

    /// <summary>True where a budget is on growth.</summary>
    public bool LimitsGrowth() => Budgets.Any(static b => b.Metadata.GetValueOrDefault("MaxGrowth", "").Length + b.Metadata.GetValueOrDefault("MaxGrowthPercent", "").Length > 0);

    /// <summary>
    /// Adds the request to a key of what the outcome depends on. Of the variables of CI systems, which are others in each run,
    /// that is what <see cref="BaselineInputs.AppendTo"/> makes of them.
    /// </summary>
    public void AppendTo(BinaryWriter key)
    {
        ArgumentNullException.ThrowIfNull(key);
        (this with { Baseline = Baseline with { Variables = new Dictionary<string, string>() } }).Write(key);
    }

    /// <summary>Reads a request; null where the file is of no use.</summary>
    public static GateRequest? TryRead(string path) => KeptFile.TryRead(path, Version, Read);

    /// <summary>Writes the request; throws IOException or UnauthorizedAccessException.</summary>
    public void Write(string path) => KeptFile.Write(path, Version, Write);

    private void Write(BinaryWriter writer)
    {
        writer.Write(ToolBuild.ToByteArray());
        writer.Write((int)Stage);
        writer.Write(IsBeforePublish);
        Write(writer, Places, static (w, p) =>
        {
            w.Write(p.FullPath);
            w.Write((int)p.Kind);
            w.Write(p.Who);
            w.Write(p.Only is not null);
            if (p.Only is not null) Write(w, p.Only, static (w, f) => w.Write(f));
        });
        writer.Write(ProjectFile);
        writer.Write(ReportDirectory);
        writer.Write(StateDirectory);
        writer.Write(ReportFormats);
        Write(writer, TargetFramework);
        Write(writer, RuntimeIdentifier);
        Write(writer, Configuration);
        Write(writer, SdkVersion);
        Write(writer, ToolVersion);
        Write(writer, Budget);
        Write(writer, Budgets, static (w, b) =>
        {
            w.Write(b.Name);
            Write(w, b.Metadata, static (w, v) => w.Write(v));
            w.Write(b.File);
        });
        Write(writer, Ci);
        writer.Write(Baseline.File);
        writer.Write(Baseline.Key);
        writer.Write(Baseline.Sdk);
        writer.Write(Baseline.SettingsHash);
        Write(writer, Baseline.Branch);
        Write(writer, Baseline.Variables, static (w, v) => w.Write(v));
        writer.Write(Baseline.Update);
        writer.Write(Baseline.Command);
        Write(writer, Packages, Write);
        writer.Write(EntryPackages is not null);
        if (EntryPackages is not null) Write(writer, EntryPackages, Write);
        Write(writer, CompiledPackages, Write);
        Write(writer, Mstat);
        Write(writer, NativeSymbols);
        Write(writer, Ledger);
        writer.Write(Look is not null);
        if (Look is not null)
        {
            Write(writer, Look.MainFile);
            writer.Write(Look.IsNativeAot);
            Write(writer, Look.HostRuntimeIdentifier);
        }
        Write(writer, Unpacked, static (w, v) => w.Write(v));
        Write(writer, AssetsFile);
        writer.Write(CanAskWhy);
        Write(writer, References, static (w, r) => w.Write(r));
    }

    // In the order in which it is written.
    private static GateRequest Read(BinaryReader reader) => new()
    {
        ToolBuild = reader.ReadBytes(16) is { Length: 16 } build ? new Guid(build) : throw new EndOfStreamException(),
        Stage = (Stage)reader.ReadInt32(),
        IsBeforePublish = reader.ReadBoolean(),
        Places = List(reader, static r => new StagePlace(r.ReadString(), (ArtifactKind)r.ReadInt32(), r.ReadString()) { Only = r.ReadBoolean() ? List(r, static r => r.ReadString()) : null }),
        ProjectFile = reader.ReadString(),
        ReportDirectory = reader.ReadString(),
        StateDirectory = reader.ReadString(),
        ReportFormats = reader.ReadString(),
        TargetFramework = ReadText(reader),
        RuntimeIdentifier = ReadText(reader),
        Configuration = ReadText(reader),
        SdkVersion = ReadText(reader),
        ToolVersion = ReadText(reader),
        Budget = ReadText(reader),
        Budgets = List(reader, static r => new BudgetItem(r.ReadString(), Table(r, static r => r.ReadString(), StringComparer.OrdinalIgnoreCase), r.ReadString())),
        Ci = ReadText(reader),
        Baseline = new BaselineInputs(
            reader.ReadString(), reader.ReadString(), reader.ReadString(), reader.ReadString(), ReadText(reader),
            Table(reader, static r => r.ReadString(), StringComparer.Ordinal), reader.ReadBoolean(), reader.ReadString()),
        Packages = Table(reader, ReadPackage, StringComparer.Ordinal),
        EntryPackages = reader.ReadBoolean() ? Table(reader, ReadPackage, StringComparer.Ordinal) : null,
        CompiledPackages = Table(reader, ReadPackage, StringComparer.OrdinalIgnoreCase),
        Mstat = ReadText(reader),
        NativeSymbols = ReadText(reader),
        Ledger = ReadText(reader),
        Look = reader.ReadBoolean() ? new LookRequest(ReadText(reader), reader.ReadBoolean(), ReadText(reader)) : null,
        Unpacked = Table(reader, static r => r.ReadString(), StringComparer.Ordinal),
        AssetsFile = ReadText(reader),
        CanAskWhy = reader.ReadBoolean(),
        References = List(reader, static r => r.ReadString()),
    };

    private static void Write(BinaryWriter writer, PackageIdentity package)
    {
        writer.Write(package.Id);
        writer.Write(package.Version);
    }

    private static PackageIdentity ReadPackage(BinaryReader reader) => new(reader.ReadString(), reader.ReadString());

    private static void Write(BinaryWriter writer, string? text)
    {
        writer.Write(text is not null);
        if (text is not null) writer.Write(text);
    }

    private static string? ReadText(BinaryReader reader) => reader.ReadBoolean() ? reader.ReadString() : null;

    private static void Write<T>(BinaryWriter writer, IReadOnlyList<T> list, Action<BinaryWriter, T> write)
    {
        writer.Write(list.Count);
        for (int i = 0; i < list.Count; i++) write(writer, list[i]);
    }

    private static List<T> List<T>(BinaryReader reader, Func<BinaryReader, T> read)
    {
        int count = KeptFile.ReadCount(reader);
        var list = new List<T>(count);
        for (int i = 0; i < count; i++) list.Add(read(reader));
        return list;
    }

    private static void Write<T>(BinaryWriter writer, IReadOnlyDictionary<string, T> table, Action<BinaryWriter, T> write)
    {
        writer.Write(table.Count);
        foreach ((string name, T value) in table)
        {
            writer.Write(name);
            write(writer, value);
        }
    }

    private static Dictionary<string, T> Table<T>(BinaryReader reader, Func<BinaryReader, T> read, StringComparer names)
    {
        int count = KeptFile.ReadCount(reader);
        var table = new Dictionary<string, T>(count, names);
        for (int i = 0; i < count; i++)
        {
            string name = reader.ReadString();
            table[name] = read(reader);
        }
        return table;
    }
}
