using System.Globalization;
using System.Text.Json;
using BinarySize.IO;

namespace BinarySize.Variants;

/// <summary>
/// Results of earlier runs, one small file each, under the key of everything that they depend on. A cache that can't be
/// read or written is no cache, never an error.
/// </summary>
/// <param name="folder">Where they lie; null to keep none.</param>
public sealed class ResultCache(string? folder)
{
    /// <summary>Where results of a project lie unless the user says otherwise.</summary>
    public static string DefaultFolder(string projectFile) => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify) is { Length: > 0 } data ? data : Path.GetTempPath(),
        "binarysize", "variants", $"{Path.GetFileNameWithoutExtension(projectFile)}-{Variant.Hash(projectFile, 10)}");

    /// <summary>Compressed sizes by content.</summary>
    public string? SizesFile => folder is null ? null : Path.Combine(folder, "compressed.txt");

    /// <summary>A result and the source files that it was made of; null where there is none.</summary>
    public (VariantResult Result, IReadOnlyList<string> Inputs, string InputsHash)? Find(string key)
    {
        if (folder is null) return null;
        try
        {
            string path = Path.Combine(folder, key + ".json");
            if (!File.Exists(path)) return null;
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement root = document.RootElement;
            VariantResult result = VariantsJson.Read(root.GetProperty("result"));
            if (root.TryGetProperty("assemblies", out JsonElement assemblies)) result = result with { Assemblies = Strings(assemblies) };
            return (result with { IsCached = true }, Strings(root.GetProperty("inputs")), root.GetProperty("inputsHash").GetString()!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Keeps a result.</summary>
    public void Store(string key, VariantResult result, IReadOnlyList<string> inputs, string inputsHash)
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(inputs);
        if (folder is null) return;
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WritePropertyName("result");
            VariantsJson.Write(writer, result);
            writer.WriteStartArray("inputs");
            foreach (string input in inputs) writer.WriteStringValue(input);
            writer.WriteEndArray();
            writer.WriteString("inputsHash", inputsHash);
            if (result.Assemblies is not null)
            {
                writer.WriteStartArray("assemblies");
                foreach (string assembly in result.Assemblies) writer.WriteStringValue(assembly);
                writer.WriteEndArray();
            }
            writer.WriteEndObject();
        }
        Try(() => AtomicFile.WriteBytes(Path.Combine(folder, key + ".json"), buffer.ToArray()));
    }

    private static List<string> Strings(JsonElement list)
    {
        var strings = new List<string>();
        foreach (JsonElement item in list.EnumerateArray()) strings.Add(item.GetString()!);
        return strings;
    }

    /// <summary>Seconds that a variant of this name took the last time; null where not known.</summary>
    public double? SecondsOf(string name)
    {
        double? seconds = null;
        Try(() =>
        {
            string path = TimePath(name);
            if (File.Exists(path) && double.TryParse(File.ReadAllText(path), NumberStyles.Float, CultureInfo.InvariantCulture, out double read)) seconds = read;
        });
        return seconds;
    }

    /// <summary>Keeps how long a variant took.</summary>
    public void StoreSeconds(string name, double seconds) => Try(() => AtomicFile.WriteText(TimePath(name), seconds.ToString("0.0", CultureInfo.InvariantCulture)));

    private string TimePath(string name) => Path.Combine(folder ?? "", Variant.Hash(name, 12) + ".seconds");

    private void Try(Action action)
    {
        if (folder is null) return;
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No room, or no permission: it is made anew the next time.
        }
    }
}
