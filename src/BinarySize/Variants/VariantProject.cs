using System.Text.Json;
using System.Text.RegularExpressions;
using BinarySize.Shrinking;

namespace BinarySize.Variants;

/// <summary>The project can't be used: it is not there, MSBuild can't read it, or what is asked for contradicts it.</summary>
public sealed class VariantProjectException(string message) : Exception(message);

/// <summary>What is asked of a project besides its own settings.</summary>
public sealed record ProjectRequest
{
    /// <summary>The project file, or a folder that holds one.</summary>
    public required string Path { get; init; }

    /// <summary>The target framework; null: the project's only one, or the first of several.</summary>
    public string? Framework { get; init; }

    /// <summary>The runtime identifier; null: the project's own, or this machine's.</summary>
    public string? Runtime { get; init; }

    /// <summary>The configuration.</summary>
    public string Configuration { get; init; } = "Release";

    /// <summary>Properties that hold for every variant.</summary>
    public IReadOnlyList<Setting> Settings { get; init; } = [];

    /// <summary>The root of the unpacked package BinarySize.Build, for profiles in projects that do not reference it; null where there is none.</summary>
    public string? PackageRoot { get; init; }

    /// <summary>The assembly of the MSBuild tasks; null where there is none.</summary>
    public string? TasksFile { get; init; }
}

/// <summary>A project as MSBuild evaluates it, before anything is built.</summary>
public sealed partial class VariantProject
{
    private static readonly string[] s_properties =
    [
        "TargetFramework", "TargetFrameworks", "RuntimeIdentifier", "NETCoreSdkVersion", "NETCoreSdkPortableRuntimeIdentifier", "OutputType", "PublishAot", "PublishTrimmed",
        "BinarySizeVerifyCommand", "BinarySizeVerifyTimeout", "BinarySizeUpxPath", "_BinarySizePropsImported", "AssemblyName", "NetCoreRoot",
    ];

    private readonly Dictionary<string, string> _values;

    private VariantProject(ProjectRequest request, string file, Dictionary<string, string> values)
    {
        Request = request;
        File = file;
        _values = values;
    }

    /// <summary>What was asked for.</summary>
    public ProjectRequest Request { get; }

    /// <summary>The project file, absolute.</summary>
    public string File { get; }

    /// <summary>The folder of the project.</summary>
    public string Folder => Path.GetDirectoryName(File)!;

    /// <summary>Its name, without the extension.</summary>
    public string Name => Path.GetFileNameWithoutExtension(File);

    /// <summary>The framework that variants are built for.</summary>
    public string Framework { get; private init; } = "";

    /// <summary>The runtime that variants are built for.</summary>
    public string Runtime { get; private init; } = "";

    /// <summary>Whether the framework has to be named because the project has several.</summary>
    public bool HasSeveralFrameworks { get; private init; }

    /// <summary>Version of the .NET SDK.</summary>
    public string SdkVersion => _values["NETCoreSdkVersion"];

    /// <summary>Where .NET lies, for apps that need it to run.</summary>
    public string DotnetRoot => _values["NetCoreRoot"];

    /// <summary>The project's own verify command; null where it has none.</summary>
    public string? VerifyCommand => _values["BinarySizeVerifyCommand"] is { Length: > 0 } command ? command : null;

    /// <summary>Time that the project gives its verify command; null where it does not say.</summary>
    /// <exception cref="VariantProjectException">It is no number of seconds.</exception>
    public TimeSpan? VerifyLimit => _values["BinarySizeVerifyTimeout"] switch
    {
        "" => null,
        var text when Shrinking.VerifyCommand.TryParseLimit(text, out TimeSpan limit) => limit,
        var text => throw new VariantProjectException($"Property BinarySizeVerifyTimeout is '{text}'; it is a number of seconds."),
    };

    /// <summary>UPX as the project names it; null: looked up.</summary>
    public string? UpxPath => _values["BinarySizeUpxPath"] is { Length: > 0 } path ? path : null;

    /// <summary>Whether the project publishes with NativeAOT by itself.</summary>
    public bool PublishesAot => IsTrue(_values["PublishAot"]);

    /// <summary>Whether the project trims by itself.</summary>
    public bool PublishesTrimmed => IsTrue(_values["PublishTrimmed"]);

    /// <summary>Whether it is a program.</summary>
    public bool IsProgram => _values["OutputType"] is "Exe" or "WinExe";

    /// <summary>Whether the project references BinarySize.Build by itself.</summary>
    public bool ReferencesPackage { get; private init; }

    /// <summary>Its <c>BinarySizeVariant</c> items.</summary>
    public IReadOnlyList<Variant> OwnVariants { get; private init; } = [];

    /// <summary>Projects that it references, directly, by full path.</summary>
    public IReadOnlyList<string> References { get; private init; } = [];

    /// <summary>Evaluates the project.</summary>
    /// <exception cref="VariantProjectException">It can't be.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static VariantProject Load(ProjectRequest request, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(request);
        string file = Find(request.Path);
        string output = Path.GetTempFileName();
        try
        {
            (Dictionary<string, string> values, JsonElement items) = Evaluate(file, request, request.Framework, output, cancel);
            string[] frameworks = values["TargetFrameworks"].Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            bool several = frameworks.Length > 0;
            string? framework = request.Framework ?? (values["TargetFramework"] is { Length: > 0 } only ? only : frameworks.FirstOrDefault());
            if (framework is null) throw new VariantProjectException($"'{request.Path}' has no TargetFramework: only SDK-style projects can be built in variants.");
            if (several && !frameworks.Contains(framework, StringComparer.OrdinalIgnoreCase)) throw new VariantProjectException($"'{request.Path}' does not target '{framework}'. It targets {string.Join(", ", frameworks)}.");
            // The outer evaluation of several frameworks says little about each of them.
            if (several && request.Framework is null) (values, items) = Evaluate(file, request, framework, output, cancel);
            string folder = Path.GetDirectoryName(file)!;
            string runtime = request.Runtime ?? (values["RuntimeIdentifier"] is { Length: > 0 } own ? own : values["NETCoreSdkPortableRuntimeIdentifier"]);
            return new VariantProject(request, file, values)
            {
                Framework = framework,
                Runtime = runtime,
                HasSeveralFrameworks = several,
                ReferencesPackage = IsTrue(values["_BinarySizePropsImported"]) || Items(items, "PackageReference", i => Metadata(i, "Identity")).Contains("BinarySize.Build", StringComparer.OrdinalIgnoreCase),
                OwnVariants = Items(items, "BinarySizeVariant", i => Parse(Metadata(i, "Identity"), Metadata(i, "Properties"))),
                References = Items(items, "ProjectReference", i => Path.GetFullPath(Path.Combine(folder, Metadata(i, "FullPath").Replace('\\', '/')))),
            };
        }
        finally
        {
            System.IO.File.Delete(output);
        }
    }

    /// <summary>
    /// A variant as users write it: "Name=Value;Name=Value", separated by semicolons or lines. A piece without '=' goes on
    /// with the value before it, so that lists work.
    /// </summary>
    /// <exception cref="VariantProjectException">A property has no name or no value.</exception>
    public static Variant Parse(string name, string properties)
    {
        ArgumentNullException.ThrowIfNull(properties);
        var settings = new List<Setting>();
        foreach (string piece in properties.Split([';', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            int equals = piece.IndexOf('=');
            if (equals < 0 && settings.Count > 0) settings[^1] = settings[^1] with { Value = settings[^1].Value + ";" + piece };
            else if (equals > 0 && PropertyName().IsMatch(piece.AsSpan(0, equals).Trim())) settings.Add(new Setting(piece[..equals].Trim(), piece[(equals + 1)..].Trim()));
            else throw new VariantProjectException($"Variant '{name}': '{piece}' is not of the form Property=value.");
        }
        return new Variant(name, settings);
    }

    private static (Dictionary<string, string> Values, JsonElement Items) Evaluate(string file, ProjectRequest request, string? framework, string output, CancellationToken cancel)
    {
        List<string> arguments = ["msbuild", file, "-nologo", $"-getProperty:{string.Join(',', s_properties)}", "-getItem:BinarySizeVariant,ProjectReference,PackageReference", $"-getResultOutputFile:{output}", $"-p:Configuration={VariantCommand.EscapeValue(request.Configuration)}"];
        if (framework is not null) arguments.Add($"-p:TargetFramework={VariantCommand.EscapeValue(framework)}");
        if (request.Runtime is not null) arguments.Add($"-p:RuntimeIdentifier={VariantCommand.EscapeValue(request.Runtime)}");
        arguments.AddRange(request.Settings.Select(VariantCommand.Argument));
        ToolRun run = ExternalTool.Run(VariantCommand.Dotnet, arguments, new ToolOptions { Timeout = TimeSpan.FromMinutes(3), WorkingDirectory = Path.GetDirectoryName(file), Environment = VariantCommand.Environment }, cancel);
        if (!run.Succeeded) throw new VariantProjectException($"'{file}' can't be evaluated: {run.Describe(6)}");
        try
        {
            using JsonDocument document = JsonDocument.Parse(System.IO.File.ReadAllBytes(output));
            JsonElement root = document.RootElement.Clone();
            return (s_properties.ToDictionary(p => p, p => root.GetProperty("Properties").GetProperty(p).GetString() ?? ""), root.TryGetProperty("Items", out JsonElement items) ? items : default);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new VariantProjectException($"'{file}' can't be evaluated: MSBuild's answer is not understood ({e.Message}). The .NET SDK 10 is needed.");
        }
    }

    private static string Find(string path)
    {
        string full = Path.GetFullPath(path);
        if (System.IO.File.Exists(full)) return full;
        if (!Directory.Exists(full)) throw new VariantProjectException($"'{path}' does not exist.");
        string[] projects = [.. Directory.EnumerateFiles(full, "*.*proj").Where(f => Path.GetExtension(f) is ".csproj" or ".fsproj" or ".vbproj")];
        return projects.Length == 1 ? projects[0] : throw new VariantProjectException($"'{path}' holds {(projects.Length == 0 ? "no project" : $"{projects.Length} projects")}: name one.");
    }

    private static List<T> Items<T>(JsonElement items, string type, Func<JsonElement, T> read)
    {
        var found = new List<T>();
        if (items.ValueKind != JsonValueKind.Object || !items.TryGetProperty(type, out JsonElement list)) return found;
        foreach (JsonElement item in list.EnumerateArray()) found.Add(read(item));
        return found;
    }

    private static string Metadata(JsonElement item, string name) => item.TryGetProperty(name, out JsonElement value) ? value.GetString() ?? "" : "";

    private static bool IsTrue(string value) => string.Equals(value, "true", StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"^[A-Za-z_][\w-]*$")]
    private static partial Regex PropertyName();
}
