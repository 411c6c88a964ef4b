using BinarySize.Shrinking.Cuts;

namespace BinarySize.Variants;

/// <summary>What a setting gives up, from nothing to most; named after the profile that first takes it.</summary>
public enum TuneLoss
{
    /// <summary>Nothing that an app does.</summary>
    General,

    /// <summary>Throughput.</summary>
    Serverless,

    /// <summary>Behaviour that most apps can spare.</summary>
    SizeCritical,

    /// <summary>Behaviour that is missed when something goes wrong.</summary>
    Embedded,

    /// <summary>What no profile takes: it is tried only where it is named.</summary>
    Named,
}

/// <summary>A setting, or a cut, that may make an app smaller.</summary>
/// <param name="Name">What it is called: in tables, and by <c>--allow-loss</c>.</param>
/// <param name="Loss">What it gives up.</param>
/// <param name="GivesUp">The same in a user's words.</param>
public sealed record TuneCandidate(string Name, TuneLoss Loss, string GivesUp)
{
    /// <summary>Properties that it sets.</summary>
    public IReadOnlyList<Setting> Settings { get; init; } = [];

    /// <summary>Items that it adds.</summary>
    public IReadOnlyList<SettingItem> Items { get; init; } = [];

    /// <summary>An assembly that must be in the app for it to change anything; null where that is not known.</summary>
    public string? Assembly { get; init; }

    /// <summary>Beginning of the runtime identifiers that it is for: "linux-"; empty for all.</summary>
    public string Runtime { get; init; } = "";

    /// <summary>Of several candidates for one slot a combination takes one: two values of the same property.</summary>
    public string Slot => Settings.Count > 0 ? Settings[0].Name : Name;

    /// <summary>A variant with this on top.</summary>
    public Variant On(Variant variant, string name)
    {
        ArgumentNullException.ThrowIfNull(variant);
        return variant.With(name, Settings, Items);
    }
}

/// <summary>The settings that are known to make some app smaller.</summary>
public static class TuneCatalogue
{
    private static TuneCandidate Property(string name, string value, TuneLoss loss, string givesUp, string? assembly = null) =>
        new(name, loss, givesUp) { Settings = [new Setting(name, value)], Assembly = assembly };

    private static TuneCandidate Linker(string name, string argument, string givesUp) =>
        new(name, TuneLoss.General, givesUp) { Items = [new SettingItem("LinkerArg", argument)], Runtime = "linux-" };

    /// <summary>For NativeAOT.</summary>
    public static IReadOnlyList<TuneCandidate> NativeAot { get; } =
    [
        Property("OptimizationPreference", "Size", TuneLoss.Serverless, "throughput: code is made small instead of fast"),
        Property("IlcFoldIdenticalMethodBodies", "true", TuneLoss.General, "distinct names in stack traces for methods with the same code"),
        Linker("HashStyleGnu", "-Wl,--hash-style=gnu", "nothing on systems of the last 15 years"),
        Linker("NoSeparateCode", "-Wl,-z,noseparate-code", "headers and read-only data share pages with code"),
        Property("InvariantGlobalization", "true", TuneLoss.SizeCritical, "cultures: formats, casing and sorting are those of the invariant culture"),
        Property("StackTraceSupport", "false", TuneLoss.Embedded, "method names in stack traces; addresses can be resolved with the symbols"),
        Property("IlcDisableVxsort", "true", TuneLoss.Serverless, "speed of garbage collections of large heaps"),
        Property("EventSourceSupport", "false", TuneLoss.SizeCritical, "EventSource, dotnet-trace and dotnet-counters"),
        Property("MetricsSupport", "false", TuneLoss.SizeCritical, "System.Diagnostics.Metrics"),
        Property("UseSystemResourceKeys", "true", TuneLoss.SizeCritical, "texts of the framework's exceptions: they are resource keys"),
        Property("HttpActivityPropagationSupport", "false", TuneLoss.SizeCritical, "tracing headers on HTTP requests", "System.Net.Http"),
        Property("XmlResolverIsNetworkingEnabledByDefault", "false", TuneLoss.SizeCritical, "XML that refers to other documents by URL: an XmlResolver has to be set", "System.Private.Xml"),
        Property("_AggressiveAttributeTrimming", "true", TuneLoss.SizeCritical, "some attributes, read by reflection"),
        new("InlineTls", TuneLoss.SizeCritical, "speed of thread-static fields") { Items = [new SettingItem("IlcArg", "--noinlinetls")] },
        Property("ServerGarbageCollection", "false", TuneLoss.Serverless, "throughput of collections on many cores"),
        Property("InvariantTimezone", "true", TuneLoss.Embedded, "time zones: all is UTC"),
        Property("UseSizeOptimizedLinq", "true", TuneLoss.Serverless, "speed of some LINQ queries"),
    ];

    /// <summary>For trimmed apps.</summary>
    public static IReadOnlyList<TuneCandidate> Trimmed { get; } =
    [
        Property("InvariantGlobalization", "true", TuneLoss.SizeCritical, "cultures: formats, casing and sorting are those of the invariant culture"),
        Property("EventSourceSupport", "false", TuneLoss.SizeCritical, "EventSource, dotnet-trace and dotnet-counters"),
        Property("MetricsSupport", "false", TuneLoss.SizeCritical, "System.Diagnostics.Metrics"),
        Property("UseSystemResourceKeys", "true", TuneLoss.SizeCritical, "texts of the framework's exceptions: they are resource keys"),
        Property("HttpActivityPropagationSupport", "false", TuneLoss.SizeCritical, "tracing headers on HTTP requests"),
        Property("XmlResolverIsNetworkingEnabledByDefault", "false", TuneLoss.SizeCritical, "XML that refers to other documents by URL: an XmlResolver has to be set"),
        Property("_AggressiveAttributeTrimming", "true", TuneLoss.SizeCritical, "some attributes, read by reflection"),
        Property("DebuggerSupport", "false", TuneLoss.SizeCritical, "debugging the published app"),
        Property("TrimmerRemoveSymbols", "true", TuneLoss.General, "symbols of trimmed assemblies"),
        Property("UseSizeOptimizedLinq", "true", TuneLoss.Serverless, "speed of some LINQ queries"),
    ];

    /// <summary>Cuts of the package's catalogue for a framework, those that saved most where they were tried first.</summary>
    /// <param name="folder">The catalogue's folder; one that does not exist has none.</param>
    /// <param name="framework">Target framework: "net9.0".</param>
    public static IReadOnlyList<TuneCandidate> Cuts(string folder, string framework)
    {
        ArgumentNullException.ThrowIfNull(framework);
        var catalogue = new CutCatalogue(folder);
        var version = Version.TryParse(framework.Split('-')[0].Replace("net", "", StringComparison.OrdinalIgnoreCase), out Version? parsed) ? parsed : new Version(0, 0);
        var cuts = new List<TuneCandidate>();
        var shares = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (string name in catalogue.Names)
        {
            CutManifest manifest = catalogue.ManifestOf(name);
            if (manifest.From is { } from && version < Version.Parse(from)) continue;
            if (manifest.Until is { } until && version >= Version.Parse(until)) continue;
            TuneLoss loss = manifest.Profiles.Contains("SizeCritical") ? TuneLoss.SizeCritical : manifest.Profiles.Count > 0 || manifest.Property is not null ? TuneLoss.Embedded : TuneLoss.Named;
            shares[name] = (double)manifest.After / Math.Max(1, manifest.Before);
            cuts.Add(new TuneCandidate(name, loss, manifest.GivesUp)
            {
                Items = [new SettingItem("BinarySizeCut", name)],
                Assembly = SubstitutionFile.Parse(File.ReadAllBytes(catalogue.FileOf(name))).Assemblies[0].Name,
            });
        }
        return [.. cuts.OrderBy(c => shares[c.Name])];
    }

    /// <summary>Substitution files of the user's, for NativeAOT.</summary>
    /// <param name="files">Their paths.</param>
    public static IEnumerable<TuneCandidate> Substitutions(IEnumerable<string> files) => files.Select(f =>
        new TuneCandidate(Path.GetFileNameWithoutExtension(f), TuneLoss.General, "what the file takes out") { Items = [new SettingItem("IlcArg", "--substitution:" + Path.GetFullPath(f))] });
}
