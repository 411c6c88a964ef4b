using System.Diagnostics;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using BinarySize.Attribution.NativeAot;
using BinarySize.IO;
using BinarySize.Shrinking;

namespace BinarySize.Variants;

/// <summary>A variant's build.</summary>
/// <param name="Status"><see cref="VariantStatus.Ok"/>, <see cref="VariantStatus.Failed"/> or <see cref="VariantStatus.Unavailable"/>.</param>
/// <param name="Reason">Why it is not ok.</param>
/// <param name="Folder">The publish folder.</param>
/// <param name="Main">The main executable or library, absolute; null where the folder holds none.</param>
/// <param name="Seconds">Wall-clock seconds without the restore.</param>
/// <param name="Inputs">Source files that the build read, absolute.</param>
public sealed record VariantBuild(VariantStatus Status, string? Reason, string Folder, string? Main, double Seconds, IReadOnlyList<string> Inputs)
{
    /// <summary>Assemblies with code or data in the app, as the NativeAOT compiler tells it; null where it does not.</summary>
    public IReadOnlyList<string>? Assemblies { get; init; }
}

/// <summary>Builds variants.</summary>
public interface IVariantBuilder
{
    /// <summary>Builds one. A build that fails is a result.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled; what ran was ended.</exception>
    VariantBuild Build(Variant variant, CancellationToken cancel);
}

/// <summary>
/// Builds variants with <c>dotnet publish</c>, as a user does by hand: same sources, same arguments, same bytes. What is
/// written lies in a private folder; the project's own bin and obj are not touched, and nothing is written beside the
/// sources. Builds that differ in linking alone share their compiled code.
/// </summary>
public sealed partial class VariantBuilder : IVariantBuilder, IDisposable
{
    // Intermediate folders that are kept for builds to come, and the settings that ILC does not see.
    private const int KeptHomes = 3;
    private static readonly string[] s_linkOnly = ["StripSymbols", "LinkerFlavor", "BinarySizeHashStyle", "BinarySizeSeparateCode", "BinarySizeRelr"];
    private static readonly string[] s_linkItems = ["LinkerArg"];

    // Settings that a restore does not look at.
    private static readonly HashSet<string> s_notRestored = new(StringComparer.OrdinalIgnoreCase)
    {
        "OptimizationPreference", "IlcFoldIdenticalMethodBodies", "InvariantGlobalization", "StackTraceSupport", "IlcDisableVxsort", "EventSourceSupport", "MetricsSupport",
        "UseSystemResourceKeys", "HttpActivityPropagationSupport", "_AggressiveAttributeTrimming", "IlcInstructionSet", "XmlResolverIsNetworkingEnabledByDefault", "Http3Support", "InvariantTimezone",
        "ServerGarbageCollection", "ConcurrentGarbageCollection", "DebuggerSupport", "UseSizeOptimizedLinq", "StripSymbols", "LinkerFlavor", "BinarySizeHashStyle", "BinarySizeSeparateCode",
        "BinarySizeInlineTls", "BinarySizeRelr", "EnableCompressionInSingleFile", "TrimmerRemoveSymbols", "IlcScanReflection", "PathMap",
    };

    private readonly VariantProject _project;
    private readonly string _root;
    private readonly TimeSpan _limit;
    private readonly Dictionary<string, Home> _homes = [];
    private readonly Dictionary<string, Lazy<string?>> _restores = [];
    private readonly Lock _lock = new();
    // Builds share it; one that needs the disk for itself does not.
    private readonly ReaderWriterLockSlim _disk = new();
    private int _next, _clock, _running, _started;

    private sealed class Home(string path)
    {
        public string Path { get; } = path;
        public int Users;
        public int LastUsed;
    }

    /// <param name="project">The project.</param>
    /// <param name="limit">Time that one build is given.</param>
    public VariantBuilder(VariantProject project, TimeSpan limit)
    {
        _project = project;
        _limit = limit;
        // Short on purpose: intermediate paths are as long as the project's own, which can't be done from a long one.
        _root = Directory.CreateTempSubdirectory("bz").FullName;
        Assembly assembly = typeof(VariantBuilder).Assembly;
        foreach (string name in (string[])["Variant.props", "Paths.props", "Variant.targets"])
        {
            using Stream resource = assembly.GetManifestResourceStream("BinarySize.Variants.Hook." + name)!;
            using FileStream file = File.Create(Path.Combine(_root, name));
            resource.CopyTo(file);
        }
    }

    /// <summary>The folder that everything is written to.</summary>
    internal string Root => _root;

    /// <inheritdoc/>
    public VariantBuild Build(Variant variant, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(variant);
        return WithRoom(() => Publish(variant.Unpacked, cancel), static b => b.Status == VariantStatus.Failed && FullDisk.Says(b.Reason));
    }

    /// <summary>
    /// Makes something that takes space beside the builds that run. Where it ran out of space, and that could be the doing
    /// of others, they are waited for, what they left for later builds goes, and it is made once more, alone.
    /// </summary>
    internal T WithRoom<T>(Func<T> make, Func<T, bool> isFull)
    {
        bool alone;
        T made;
        _disk.EnterReadLock();
        try
        {
            int ticket;
            lock (_lock) (ticket, alone) = (++_started, ++_running == 1);
            try
            {
                made = make();
            }
            finally
            {
                lock (_lock) alone &= --_running == 0 && _started == ticket;
            }
        }
        finally
        {
            _disk.ExitReadLock();
        }
        if (!isFull(made)) return made;
        _disk.EnterWriteLock();
        try
        {
            bool freed = _homes.Values.Any(h => Directory.Exists(h.Path));
            foreach (Home home in _homes.Values) Delete(home.Path);
            _homes.Clear();
            return freed || !alone ? make() : made;
        }
        finally
        {
            _disk.ExitWriteLock();
        }
    }

    private VariantBuild Publish(Variant variant, CancellationToken cancel)
    {
        string name = Next("o");
        string output = Path.Combine(_root, name, "publish");
        Home? home = null;
        try
        {
            string[] common = [.. Arguments(variant)];
            if (Restore(variant, common, cancel) is { } problem) return Problem(problem, output, 0);
            home = Enter(CompileKey(variant));
            Directory.CreateDirectory(Path.Combine(_root, name));
            string facts = Path.Combine(_root, name, "facts"), settings = Path.Combine(_root, name, "settings.props");
            WriteItems(variant, settings);
            string log = Path.Combine(_root, name, "log");
            string[] arguments =
            [
                "publish", _project.File, "-c", _project.Request.Configuration, .. VariantCommand.Common(_project), "--no-restore", "--nologo", "-v", "q", "-nodeReuse:false", "-o", output,
                $"-p:_BinarySizeVariantHome={home.Path}", $"-p:_BinarySizeVariantFacts={facts}", $"-p:_BinarySizeVariantSettings={settings}",
                "-flp:" + $"logFile={log};verbosity=quiet;encoding=utf-8", .. common,
            ];
            long start = Stopwatch.GetTimestamp();
            ToolRun run;
            string? trouble = null;
            lock (home)
            {
                run = ExternalTool.Run(VariantCommand.Dotnet, arguments, Options(), cancel);
                if (!run.Succeeded) trouble = Trouble(log, run);
                // Files that are there in half would be up to date for the next build.
                if (run.End != ToolEnd.Exited || FullDisk.Says(trouble)) Delete(home.Path);
            }
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (trouble is not null) return Problem(trouble, output, seconds);
            (string? main, string? mstat, List<string> inputs) = ReadFacts(facts);
            // What the build made itself is gone the next time.
            inputs.RemoveAll(i => i.StartsWith(_root, StringComparison.Ordinal));
            if (main is not null) main = Path.Combine(output, main);
            if (main is null || !File.Exists(main)) main = null;
            return new VariantBuild(VariantStatus.Ok, null, output, main, seconds, inputs) { Assemblies = mstat is null ? AssembliesIn(output, main) : ReadAssemblies(mstat) };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Problem(FullDisk.Find([e.Message], _root) ?? e.Message, output, 0);
        }
        finally
        {
            Leave(home);
        }
    }

    // A folder of assemblies says itself what is in the app; a single file, or one that needs a framework elsewhere, does not.
    private static List<string>? AssembliesIn(string folder, string? main)
    {
        List<string> names = [.. Directory.EnumerateFiles(folder, "*.dll").Select(f => Path.GetFileNameWithoutExtension(f)!)];
        return main is not null && names.Contains(Path.GetFileNameWithoutExtension(main)) && names.Contains("System.Private.CoreLib") ? names : null;
    }

    /// <summary>Deletes what a build published, to make room.</summary>
    public static void Discard(VariantBuild build)
    {
        ArgumentNullException.ThrowIfNull(build);
        Delete(Path.GetDirectoryName(build.Folder)!);
    }

    /// <summary>Deletes everything that was written.</summary>
    public void Dispose()
    {
        Delete(_root);
        _disk.Dispose();
    }

    private IEnumerable<string> Arguments(Variant variant)
    {
        yield return $"-p:CustomBeforeDirectoryBuildProps={Path.Combine(_root, "Variant.props")}";
        yield return $"-p:_BinarySizeVariantProject={VariantCommand.EscapeValue(_project.File)}";
        yield return $"-p:_BinarySizeVariantRestore={RestoreFolder(variant)}";
        if (!_project.ReferencesPackage && variant.NeedsPackage && _project.Request.PackageRoot is { } package) yield return $"-p:_BinarySizeVariantPackage={VariantCommand.EscapeValue(package)}";
        if (_project.Request.TasksFile is { } tasks) yield return $"-p:_BinarySizeVariantTasks={VariantCommand.EscapeValue(tasks)}";
        foreach (Setting setting in VariantCommand.Settings(_project, variant)) yield return VariantCommand.Argument(setting);
    }

    private ToolOptions Options() => new() { Timeout = _limit, WorkingDirectory = _project.Folder, Environment = VariantCommand.Environment, MaxLines = 200 };

    private string RestoreFolder(Variant variant)
    {
        var text = new StringBuilder();
        foreach (Setting setting in VariantCommand.Settings(_project, variant))
        {
            if (!s_notRestored.Contains(setting.Name)) text.Append(setting).Append('\n');
        }
        foreach (SettingItem item in variant.Items.Where(i => i.Type is not ("LinkerArg" or "IlcArg" or "BinarySizeCut"))) text.Append(item).Append('\n');
        return Path.Combine(_root, "r" + Variant.Hash(text.ToString(), 8));
    }

    // Once for all variants that need the same packages; the others wait for it. Null where it went well.
    private string? Restore(Variant variant, string[] common, CancellationToken cancel)
    {
        Lazy<string?>? restore;
        string folder = RestoreFolder(variant);
        lock (_lock)
        {
            if (!_restores.TryGetValue(folder, out restore))
            {
                restore = new Lazy<string?>(() =>
                {
                    ToolRun run = ExternalTool.Run(VariantCommand.Dotnet,
                        ["restore", _project.File, "-r", _project.Runtime, "--nologo", "-v", "q", "-nodeReuse:false", $"-p:Configuration={VariantCommand.EscapeValue(_project.Request.Configuration)}", "-p:_IsPublishing=true", $"-p:_BinarySizeVariantHome={Path.Combine(_root, "r")}", .. common],
                        Options(), cancel);
                    return run.Succeeded ? null : run.End == ToolEnd.Exited ? Trouble(null, run) : "restore: " + run.Describe();
                });
                _restores[folder] = restore;
            }
        }
        try
        {
            string? trouble = restore.Value;
            if (!FullDisk.Says(trouble)) return trouble;
            // There may be room for the next one.
            lock (_lock)
            {
                if (_restores.GetValueOrDefault(folder) != restore) return trouble;
                Delete(folder);
                _restores.Remove(folder);
            }
            return trouble;
        }
        catch (OperationCanceledException)
        {
            // The one that was cancelled may not be this one: another asks again.
            lock (_lock) _restores.Remove(folder);
            throw;
        }
    }

    private static string CompileKey(Variant variant)
    {
        Variant compile = variant with
        {
            Settings = [.. variant.Settings.Where(s => !s_linkOnly.Contains(s.Name, StringComparer.OrdinalIgnoreCase))],
            Items = [.. variant.Items.Where(i => !s_linkItems.Contains(i.Type, StringComparer.OrdinalIgnoreCase))],
        };
        return compile.Identity();
    }

    private Home Enter(string key)
    {
        lock (_lock)
        {
            if (!_homes.TryGetValue(key, out Home? home))
            {
                foreach (string old in _homes.Keys.Where(k => _homes[k].Users == 0).OrderByDescending(k => _homes[k].LastUsed).Skip(KeptHomes - 1).ToList())
                {
                    Delete(_homes[old].Path);
                    _homes.Remove(old);
                }
                home = _homes[key] = new Home(Path.Combine(_root, Next("")));
            }
            home.Users++;
            home.LastUsed = ++_clock;
            return home;
        }
    }

    private void Leave(Home? home)
    {
        if (home is null) return;
        lock (_lock) home.Users--;
    }

    private string Next(string prefix) => prefix + Interlocked.Increment(ref _next).ToString("x", System.Globalization.CultureInfo.InvariantCulture);

    private static void WriteItems(Variant variant, string path) =>
        new XElement("Project", new XElement("ItemGroup", variant.Items.Select(i => new XElement(i.Type, new XAttribute("Include", i.Include))))).Save(path);

    private static List<string>? ReadAssemblies(string path)
    {
        if (!File.Exists(path)) return null;
        using FileView view = FileView.Open(path);
        return MstatFile.TryRead(view, out MstatFile? mstat, out _) ? [.. mstat.Assemblies] : null;
    }

    private static (string? Main, string? Mstat, List<string> Inputs) ReadFacts(string path)
    {
        string? main = null, mstat = null;
        var inputs = new List<string>();
        foreach (string line in File.Exists(path) ? File.ReadLines(path) : [])
        {
            int equals = line.IndexOf('=');
            if (equals < 0) continue;
            string value = line[(equals + 1)..];
            if (line.StartsWith("main=", StringComparison.Ordinal)) main = value;
            else if (line.StartsWith("mstat=", StringComparison.Ordinal)) mstat = value;
            else if (line.StartsWith("input=", StringComparison.Ordinal)) inputs.Add(value);
        }
        return (main, mstat, inputs);
    }

    // A build that runs out of space says so in many ways, or can't say it: MSBuild is ended by a signal where it has mapped a file.
    private string Trouble(string? log, ToolRun run)
    {
        if (run.End != ToolEnd.Exited) return run.Describe();
        IEnumerable<string> said = run.Output.Concat(run.Errors).Concat(log is not null && File.Exists(log) ? File.ReadLines(log, Encoding.UTF8) : []);
        return FullDisk.Find(said, _root) ?? Errors(log, run);
    }

    // The compiler's or the linker's first errors; what MSBuild says besides is no news.
    private static string Errors(string? log, ToolRun run)
    {
        IEnumerable<string> lines = log is not null && File.Exists(log) ? File.ReadLines(log, Encoding.UTF8) : run.Output.Concat(run.Errors);
        var errors = new List<string>();
        foreach (string line in lines)
        {
            if (ErrorLine().Match(line) is not { Success: true } match) continue;
            string error = $"{match.Groups["code"].Value}: {match.Groups["message"].Value}".TrimStart(':', ' ');
            // MSB3073 says with which code a command ended; what the command said stands before it.
            if (errors.Count < 3 && !errors.Contains(error)) errors.Add(error);
        }
        return errors.Count > 0 ? string.Join(" | ", errors) : run.Describe();
    }

    private static VariantBuild Problem(string reason, string output, double seconds)
    {
        Delete(Path.GetDirectoryName(output)!);
        return new VariantBuild(IsUnavailable(reason) ? VariantStatus.Unavailable : VariantStatus.Failed, Explain(reason), output, null, seconds, []);
    }

    /// <summary>Whether a build failed for what this machine does not have, not for what the project is.</summary>
    internal static bool IsUnavailable(string reason) => MissingHere().IsMatch(reason);

    // A sentence in front of what the SDK says, where what it says takes knowledge to read.
    internal static string Explain(string reason)
    {
        if (MissingPackage().Match(reason) is { Success: true } package && IsUnavailable(reason))
        {
            string sources = package.Groups["sources"] is { Success: true } named ? $" ({named.Value})" : "";
            return $"no package {package.Groups["name"].Value}{package.Groups["version"].Value} in the package sources{sources}: add one that has it to NuGet.config";
        }
        if (reason.Contains("Platform linker", StringComparison.Ordinal)) return "no linker: NativeAOT needs clang or gcc here";
        return reason;
    }

    /// <summary>Deletes a folder as far as that can be done.</summary>
    internal static void Delete(string folder)
    {
        try
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Somebody still has a file open; it lies in the folder for temporary files.
        }
    }

    [GeneratedRegex(@"(?:^|: )error(?: (?<code>[A-Z]+\d+))?\s*: (?<message>.*?)(?: \[[^\]]+\])?\s*$")]
    private static partial Regex ErrorLine();

    // No runtime, compiler or trimmer package for this platform; no toolchain; another operating system.
    [GeneratedRegex(@"NU110[123].*(Microsoft\.NETCore\.App\.|Microsoft\.AspNetCore\.App\.|Microsoft\.WindowsDesktop\.App\.|ILCompiler|Crossgen2|ILLink)|NETSDK10(82|83|84|94)\b|NETSDK1203|NETSDK1204|Platform linker|Cross-OS native compilation|NETSDK1147", RegexOptions.Singleline)]
    private static partial Regex MissingHere();

    [GeneratedRegex(@"Unable to find package (?<name>[\w-]+(?:\.[\w-]+)*)(?: with version(?<version> \([^)]+\)))?(?:[^|]*? in source\(s\): (?<sources>[^|\n]*[^|\s.]))?", RegexOptions.ExplicitCapture)]
    private static partial Regex MissingPackage();
}
