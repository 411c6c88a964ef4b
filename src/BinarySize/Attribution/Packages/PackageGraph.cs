using System.Text.Json;

namespace BinarySize.Attribution.Packages;

/// <summary>
/// Who brought a NuGet package: the dependencies that restore resolved, as they stand in project.assets.json
/// (NuGet's lock file format, version 3). Names are compared without regard to case.
/// </summary>
public sealed class PackageGraph
{
    private readonly Dictionary<string, List<string>> _dependencies = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, string> _packageOf = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> _direct = [];
    private readonly HashSet<string> _ofSdk = new(StringComparer.OrdinalIgnoreCase);

    private PackageGraph()
    {
    }

    /// <summary>Packages and projects that the project names itself.</summary>
    public IReadOnlyList<string> DirectReferences => _direct;

    /// <summary>
    /// Reads the graph of a target framework, of all where <paramref name="framework"/> is null. Null where the file is
    /// missing or damaged.
    /// </summary>
    /// <param name="assetsFile">Path of project.assets.json.</param>
    /// <param name="framework">The framework's short name, "net10.0".</param>
    public static PackageGraph? TryRead(string assetsFile, string? framework = null)
    {
        try
        {
            if (!File.Exists(assetsFile)) return null;
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(assetsFile));
            var graph = new PackageGraph();
            JsonElement root = document.RootElement;
            foreach (JsonProperty target in Properties(root, "targets"))
            {
                // "net10.0" or "net10.0/linux-x64".
                if (framework is not null && !target.Name.Split('/')[0].Equals(framework, StringComparison.OrdinalIgnoreCase)) continue;
                foreach (JsonProperty library in target.Value.EnumerateObject()) graph.AddLibrary(library);
            }
            if (root.TryGetProperty("project", out JsonElement project))
            {
                foreach (JsonProperty each in Properties(project, "frameworks"))
                {
                    if (framework is not null && !each.Name.Equals(framework, StringComparison.OrdinalIgnoreCase)) continue;
                    foreach (JsonProperty dependency in Properties(each.Value, "dependencies"))
                    {
                        // What the SDK refers to by itself (compilers, the trimmer) nobody chose.
                        if (dependency.Value.ValueKind == JsonValueKind.Object && dependency.Value.TryGetProperty("autoReferenced", out JsonElement automatic) && automatic.ValueKind == JsonValueKind.True) graph._ofSdk.Add(dependency.Name);
                        else graph.AddDirect(dependency.Name);
                    }
                }
            }
            foreach (JsonProperty group in Properties(root, "projectFileDependencyGroups"))
            {
                if (group.Value.ValueKind != JsonValueKind.Array || (framework is not null && !group.Name.Equals(framework, StringComparison.OrdinalIgnoreCase))) continue;
                // "Newtonsoft.Json >= 13.0.4": other projects of the solution stand only here.
                foreach (JsonElement dependency in group.Value.EnumerateArray()) graph.AddDirect((dependency.GetString() ?? "").Split(' ')[0]);
            }
            return graph;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>
    /// The shortest way from a reference of the project's own to <paramref name="package"/>, both ends included; empty where
    /// there is none (a runtime pack, or a package that is not in the graph).
    /// </summary>
    public IReadOnlyList<string> PathTo(string package)
    {
        var cameFrom = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        var queue = new Queue<string>();
        foreach (string direct in _direct)
        {
            if (cameFrom.TryAdd(direct, null)) queue.Enqueue(direct);
        }
        while (queue.TryDequeue(out string? name))
        {
            if (name.Equals(package, StringComparison.OrdinalIgnoreCase))
            {
                var path = new List<string>();
                for (string? at = name; at is not null; at = cameFrom[at]) path.Add(at);
                path.Reverse();
                return path;
            }
            if (!_dependencies.TryGetValue(name, out List<string>? next)) continue;
            foreach (string dependency in next)
            {
                if (cameFrom.TryAdd(dependency, name)) queue.Enqueue(dependency);
            }
        }
        return [];
    }

    /// <summary>The package that an assembly (simple name) is shipped in; null where none in the graph has it.</summary>
    public string? PackageOfAssembly(string assembly) => _packageOf.GetValueOrDefault(assembly);

    private void AddLibrary(JsonProperty library)
    {
        string name = library.Name.Split('/')[0];
        foreach (string assets in (string[])["runtime", "runtimeTargets", "compile"])
        {
            foreach (JsonProperty asset in Properties(library.Value, assets))
            {
                string file = asset.Name[(asset.Name.LastIndexOf('/') + 1)..];
                if (file.EndsWith(".dll", StringComparison.OrdinalIgnoreCase)) _packageOf.TryAdd(file[..^".dll".Length], name);
            }
        }
        if (!_dependencies.TryGetValue(name, out List<string>? known)) _dependencies[name] = known = [];
        foreach (JsonProperty dependency in Properties(library.Value, "dependencies"))
        {
            if (!known.Contains(dependency.Name, StringComparer.OrdinalIgnoreCase)) known.Add(dependency.Name);
        }
    }

    private void AddDirect(string name)
    {
        if (name.Length > 0 && !_ofSdk.Contains(name) && !_direct.Contains(name, StringComparer.OrdinalIgnoreCase)) _direct.Add(name);
    }

    private static IEnumerable<JsonProperty> Properties(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement inner) && inner.ValueKind == JsonValueKind.Object
            ? inner.EnumerateObject()
            : [];
}
