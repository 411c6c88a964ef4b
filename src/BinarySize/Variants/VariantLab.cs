using System.Diagnostics;
using System.Globalization;
using BinarySize.Budgets;
using BinarySize.Shrinking;

namespace BinarySize.Variants;

/// <summary>Finds out what a variant comes to.</summary>
public interface IVariantLab
{
    /// <summary>Builds, measures and verifies a variant, or finds what that came to before. Trouble with it is a result.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled; what ran was ended.</exception>
    VariantResult Try(Variant variant, CancellationToken cancel);
}

/// <summary>What is measured of a variant, and how.</summary>
public sealed record LabOptions
{
    /// <summary>Command that must succeed on each variant, with <c>{artifact}</c>; null for none.</summary>
    public string? Verify { get; init; }

    /// <summary>Command whose time from start to end is measured, with <c>{artifact}</c>; null for none.</summary>
    public string? Run { get; init; }

    /// <summary>Time that the verify command is given.</summary>
    public TimeSpan VerifyLimit { get; init; } = DefaultVerifyLimit;

    /// <summary>Time that the verify command is given where nothing else is said.</summary>
    public static TimeSpan DefaultVerifyLimit { get; } = TimeSpan.FromSeconds(60);

    /// <summary>Whether the download size is measured, by gzip and brotli.</summary>
    public bool Compressed { get; init; } = true;

    /// <summary>Whether brotli is measured as well, which takes about a second a megabyte.</summary>
    public bool Brotli { get; init; } = true;

    /// <summary>Whether published folders are kept until start-up is measured.</summary>
    public bool KeepFolders { get; init; } = true;

    /// <summary>Where published folders are copied to, one folder a variant; null for not at all.</summary>
    public string? CopyTo { get; init; }
}

/// <summary>The real one: dotnet publish, the files that come out, the commands that judge them.</summary>
public sealed class VariantLab : IVariantLab
{
    // Part of every key: higher with every change to what is measured or how variants are built.
    private const int Revision = 1;

    private readonly VariantProject _project;
    private readonly VariantBuilder _builder;
    private readonly ResultCache _cache;
    private readonly LabOptions _options;
    private readonly CompressedSizes _sizes;
    private readonly VerifyCommand? _verify;
    private readonly Dictionary<string, string?> _variables = [];
    private readonly string _inputs;
    private readonly Dictionary<string, Kept> _kept = [];
    private readonly Dictionary<string, Lazy<VariantBuild>> _builds = [];
    private readonly Lock _lock = new();

    private sealed record Kept(string Key, string Main, VariantResult Result, IReadOnlyList<string> Inputs, string InputsHash);

    public VariantLab(VariantProject project, VariantBuilder builder, ResultCache cache, LabOptions options)
    {
        ArgumentNullException.ThrowIfNull(project);
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentNullException.ThrowIfNull(options);
        _project = project;
        _builder = builder;
        _cache = cache;
        _options = options;
        _sizes = new CompressedSizes(cache.SizesFile);
        // Framework-dependent apps are to find the .NET that built them.
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("DOTNET_ROOT"))) _variables["DOTNET_ROOT"] = project.DotnetRoot;
        if (options.Verify is { } command) _verify = new VerifyCommand(command, new ToolOptions { Timeout = options.VerifyLimit, WorkingDirectory = project.Folder, Environment = _variables });
        _inputs = InputFingerprint.Of(project);
    }

    /// <summary>True where nothing says how start-up is measured.</summary>
    public bool HasNoRunCommand => _options.Run is null;

    /// <inheritdoc/>
    public VariantResult Try(Variant variant, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(variant);
        string key = Key(variant);
        if (_cache.Find(key) is { } found && !IsOpen(found.Result) && InputFingerprint.Of(found.Inputs) == found.InputsHash && _options.CopyTo is null) return found.Result with { Name = variant.Name };
        var result = new VariantResult(variant.Name, VariantStatus.Failed) { Command = VariantCommand.ByHand(_project, variant) };
        if (variant.NeedsPackage && !_project.ReferencesPackage && _project.Request.PackageRoot is null) return result with { Status = VariantStatus.Unavailable, Reason = "it needs the package BinarySize.Build, which neither the project references nor this tool carries" };
        try
        {
            return Try(variant, key, result, cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return result with { Reason = e.Message };
        }
    }

    /// <summary>
    /// Measures start-up time and peak memory of the variants tried so far, against each other in turns, when nothing else
    /// runs. Results that come from the cache have theirs already.
    /// </summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IReadOnlyList<VariantResult> MeasureStartup(IReadOnlyList<VariantResult> results, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(results);
        if (_options.Run is null) return results;
        var open = new List<(int Index, Kept Kept)>();
        var commands = new List<MeasuredCommand>();
        for (int i = 0; i < results.Count; i++)
        {
            if (results[i].Status != VariantStatus.Ok || !_kept.TryGetValue(results[i].Name, out Kept? kept)) continue;
            open.Add((i, kept));
            commands.Add(MeasuredCommand.Shell(results[i].Name, VerifyCommand.Expand(_options.Run, kept.Main, OperatingSystem.IsWindows()), _project.Folder) with { Environment = _variables });
        }
        IReadOnlyList<StartupFigure> figures = StartupMeter.Measure(commands, null, cancel);
        VariantResult[] all = [.. results];
        for (int i = 0; i < open.Count; i++)
        {
            (int index, Kept kept) = open[i];
            StartupFigure figure = figures[i];
            // How long something takes to fail is no start-up time.
            if (figure.Problem is { } problem) all[index] = all[index] with { Reason = "no start-up time: " + problem };
            else if (figure.ExitCode != 0) all[index] = all[index] with { Reason = string.Create(CultureInfo.InvariantCulture, $"no start-up time: the run command ended with exit code {figure.ExitCode}") };
            else all[index] = all[index] with { StartupMilliseconds = figure.Median.TotalMilliseconds, PeakMemory = figure.PeakMemory > 0 ? figure.PeakMemory : null };
            _cache.Store(kept.Key, all[index], kept.Inputs, kept.InputsHash);
        }
        return all;
    }

    // Built and measured, and ended before its start-up was.
    private bool IsOpen(VariantResult result) => _options.Run is not null && result is { Status: VariantStatus.Ok, BinarySize: not null, StartupMilliseconds: null, Reason: null };

    /// <summary>Keeps what compressing found out.</summary>
    public void Save() => _sizes.Save();

    private VariantResult Try(Variant variant, string key, VariantResult result, CancellationToken cancel)
    {
        // Packed variants share the build that they pack.
        VariantBuild build = Build(variant.Unpacked, cancel);
        result = result with { BuildSeconds = build.Seconds > 0 ? build.Seconds : null };
        if (build.Status != VariantStatus.Ok)
        {
            result = result with { Status = build.Status, Reason = build.Reason };
            return result;
        }
        string folder = build.Folder;
        string? main = build.Main;
        try
        {
            if (variant.Pack is not null)
            {
                if (main is null) return result with { Status = VariantStatus.Unavailable, Reason = "there is no executable to pack" };
                long start = Stopwatch.GetTimestamp();
                folder = build.Folder + "-packed-" + Variant.Hash(variant.Identity(), 8);
                main = Path.Combine(folder, Path.GetFileName(main));
                result = _builder.WithRoom(() => Pack(variant.Pack, build, folder, main, result, cancel), static r => FullDisk.Says(r.Reason));
                if (result.Reason is not null) return result;
                result = result with { BuildSeconds = build.Seconds + Stopwatch.GetElapsedTime(start).TotalSeconds };
            }
            result = Measure(result, folder, main, cancel) with { Assemblies = build.Assemblies };
            result = Verify(result, main, cancel);
            string hash = InputFingerprint.Of(build.Inputs);
            _cache.Store(key, result, build.Inputs, hash);
            if (build.Seconds > 0) _cache.StoreSeconds(variant.Name, result.BuildSeconds ?? 0);
            if (_options.CopyTo is { } target) Copy(folder, Path.Combine(target, variant.Name));
            if (_options.KeepFolders && main is not null)
            {
                lock (_lock) _kept[variant.Name] = new Kept(key, main, result, build.Inputs, hash);
            }
            return result;
        }
        finally
        {
            if (!_options.KeepFolders) VariantBuilder.Discard(build);
        }
    }

    // Into a folder of its own, which is not there where it could not be packed.
    private VariantResult Pack(PackOptions options, VariantBuild build, string folder, string main, VariantResult result, CancellationToken cancel)
    {
        bool packed = false;
        try
        {
            Copy(build.Folder, folder);
            StepResult step = new PackStep(options with { UpxPath = options.UpxPath ?? _project.UpxPath }).Apply(build.Main!, main + ".packed", cancel);
            if (step.Outcome != StepOutcome.Applied) return result with { Status = step.Outcome == StepOutcome.Failed ? VariantStatus.Failed : VariantStatus.Unavailable, Reason = FullDisk.Find([step.Reason ?? ""], _builder.Root) ?? $"{step.Code}: {step.Reason}" };
            File.Move(main + ".packed", main, overwrite: true);
            packed = true;
            return result;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return result with { Reason = FullDisk.Find([e.Message], _builder.Root) ?? e.Message };
        }
        finally
        {
            if (!packed) VariantBuilder.Delete(folder);
        }
    }

    private VariantBuild Build(Variant variant, CancellationToken cancel)
    {
        if (!_options.KeepFolders) return _builder.Build(variant, cancel);
        Lazy<VariantBuild>? build;
        string identity = variant.Identity();
        lock (_lock)
        {
            if (!_builds.TryGetValue(identity, out build)) _builds[identity] = build = new Lazy<VariantBuild>(() => _builder.Build(variant, cancel));
        }
        return build.Value;
    }

    private VariantResult Measure(VariantResult result, string folder, string? main, CancellationToken cancel)
    {
        Shipped shipped = Shipped.In(folder);
        long size = shipped.Size;
        result = result with
        {
            Status = VariantStatus.Ok,
            ShippedSize = size,
            BinarySize = main is null ? null : new FileInfo(main).Length,
            NetSize = size - (main is null ? 0 : Shipped.PaddingOf(main)),
        };
        if (!_options.Compressed) return result;
        result = result with { GzipSize = shipped.Compressed(_sizes, BudgetMetric.Gzip, cancel) };
        return _options.Brotli ? result with { BrotliSize = shipped.Compressed(_sizes, BudgetMetric.Brotli, cancel) } : result;
    }

    private VariantResult Verify(VariantResult result, string? main, CancellationToken cancel)
    {
        if (_verify is null || main is null) return result;
        CheckResult check = _verify.Check(main, cancel);
        return result with { Verified = check.Passed, Status = check.Passed ? VariantStatus.Ok : VariantStatus.Broken, Reason = check.Passed ? null : "the verify command: " + check.Detail };
    }

    private string Key(Variant variant)
    {
        string package = variant.NeedsPackage && !_project.ReferencesPackage && _project.Request.PackageRoot is { } root
            ? InputFingerprint.Of(Directory.Exists(root) ? Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal) : [])
            : "";
        string pack = variant.Pack is null ? "" : new PackStep(variant.Pack with { UpxPath = variant.Pack.UpxPath ?? _project.UpxPath }).Settings;
        string text = string.Join('\n',
            Revision.ToString(CultureInfo.InvariantCulture), _project.SdkVersion, _project.File, _project.Request.Configuration, _project.Framework, _project.Runtime, _inputs,
            string.Join('\n', VariantCommand.Settings(_project, variant)), variant.Identity(), package, pack,
            _verify?.Key, _options.Run, _options.Compressed, _options.Brotli);
        return Variant.Hash(text, 40);
    }

    private static void Copy(string from, string to)
    {
        foreach (string folder in Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories)) Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, folder)));
        Directory.CreateDirectory(to);
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories)) File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)), overwrite: true);
    }
}
