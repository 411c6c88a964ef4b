using System.Text.Json;

namespace BinarySize.Attribution.Packages;

/// <summary>
/// Which NuGet package the files of a published app come from, as its *.deps.json says (the host's dependency manifest,
/// dotnet/runtime, docs/design/features/host-probing). What it does not name is the app's own or not known.
/// </summary>
public static class DependencyManifest
{
    /// <summary>
    /// Package id and version by file path relative to the app, with '/'. Empty where the manifest is missing or damaged.
    /// </summary>
    public static IReadOnlyDictionary<string, (string Id, string Version)> Read(string path)
    {
        var files = new Dictionary<string, (string Id, string Version)>(StringComparer.Ordinal);
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement root = document.RootElement;
            var packages = new HashSet<string>(StringComparer.Ordinal);
            foreach (JsonProperty library in Properties(root, "libraries"))
            {
                if (library.Value.ValueKind == JsonValueKind.Object && library.Value.TryGetProperty("type", out JsonElement type) && type.ValueKind == JsonValueKind.String
                    && (type.ValueEquals("package") || type.ValueEquals("runtimepack"))) packages.Add(library.Name);
            }
            foreach (JsonProperty target in Properties(root, "targets"))
            {
                foreach (JsonProperty library in target.Value.EnumerateObject())
                {
                    if (!packages.Contains(library.Name)) continue;
                    string[] parts = library.Name.Split('/');
                    if (parts.Length != 2) continue;
                    // The SDK marks a runtime pack by a prefix of its own.
                    var package = (parts[0].StartsWith("runtimepack.", StringComparison.Ordinal) ? parts[0]["runtimepack.".Length..] : parts[0], parts[1]);
                    foreach (JsonProperty asset in Properties(library.Value, "runtime")) files.TryAdd(LastPart(asset.Name), package);
                    foreach (JsonProperty asset in Properties(library.Value, "native")) files.TryAdd(LastPart(asset.Name), package);
                    foreach (JsonProperty asset in Properties(library.Value, "runtimeTargets")) files.TryAdd(asset.Name, package);
                    foreach (JsonProperty asset in Properties(library.Value, "resources"))
                    {
                        if (asset.Value.ValueKind == JsonValueKind.Object && asset.Value.TryGetProperty("locale", out JsonElement locale)) files.TryAdd($"{locale.GetString()}/{LastPart(asset.Name)}", package);
                    }
                }
            }
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            // No manifest, no packages: sizes do not depend on it.
        }
        return files;
    }

    private static string LastPart(string path) => path[(path.LastIndexOf('/') + 1)..];

    private static IEnumerable<JsonProperty> Properties(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement inner) && inner.ValueKind == JsonValueKind.Object
            ? inner.EnumerateObject()
            : [];
}
