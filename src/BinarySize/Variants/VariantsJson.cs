using System.Text.Json;

namespace BinarySize.Variants;

/// <summary>Comparisons as JSON: docs/schema/variants-1.json. Sizes are bytes; what was not measured is null.</summary>
public static class VariantsJson
{
    /// <summary>The comparison as indented UTF-8.</summary>
    public static byte[] Write(Comparison comparison)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("schema", Comparison.Schema);
            writer.WriteString("project", comparison.Project);
            writer.WriteString("set", comparison.Set);
            writer.WriteString("sdk", comparison.Sdk);
            writer.WriteString("runtimeIdentifier", comparison.RuntimeIdentifier);
            writer.WriteString("targetFramework", comparison.TargetFramework);
            writer.WriteStartArray("variants");
            foreach (VariantResult variant in comparison.Variants) Write(writer, variant);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        buffer.WriteByte((byte)'\n');
        return buffer.ToArray();
    }

    internal static void Write(Utf8JsonWriter writer, VariantResult variant)
    {
        writer.WriteStartObject();
        writer.WriteString("name", variant.Name);
        writer.WriteString("status", VariantResult.NameOf(variant.Status));
        writer.WriteString("reason", variant.Reason);
        Number(writer, "shippedSize", variant.ShippedSize);
        Number(writer, "binarySize", variant.BinarySize);
        Number(writer, "netSize", variant.NetSize);
        Number(writer, "gzipSize", variant.GzipSize);
        Number(writer, "brotliSize", variant.BrotliSize);
        Number(writer, "buildSeconds", variant.BuildSeconds);
        Number(writer, "startupMilliseconds", variant.StartupMilliseconds);
        Number(writer, "peakMemory", variant.PeakMemory);
        if (variant.Verified is { } verified) writer.WriteBoolean("verified", verified);
        else writer.WriteNull("verified");
        writer.WriteBoolean("cached", variant.IsCached);
        writer.WriteString("command", variant.Command);
        writer.WriteEndObject();
    }

    internal static VariantResult Read(JsonElement variant)
    {
        string status = variant.GetProperty("status").GetString()!;
        return new VariantResult(variant.GetProperty("name").GetString()!, Enum.GetValues<VariantStatus>().First(s => VariantResult.NameOf(s) == status))
        {
            Reason = variant.GetProperty("reason").GetString(),
            ShippedSize = Long("shippedSize"),
            BinarySize = Long("binarySize"),
            NetSize = Long("netSize"),
            GzipSize = Long("gzipSize"),
            BrotliSize = Long("brotliSize"),
            BuildSeconds = Double("buildSeconds"),
            StartupMilliseconds = Double("startupMilliseconds"),
            PeakMemory = Long("peakMemory"),
            Verified = variant.GetProperty("verified").ValueKind is JsonValueKind.Null ? null : variant.GetProperty("verified").GetBoolean(),
            Command = variant.GetProperty("command").GetString(),
        };

        long? Long(string name) => variant.GetProperty(name) is { ValueKind: JsonValueKind.Number } value ? value.GetInt64() : null;
        double? Double(string name) => variant.GetProperty(name) is { ValueKind: JsonValueKind.Number } value ? value.GetDouble() : null;
    }

    private static void Number(Utf8JsonWriter writer, string name, long? value)
    {
        if (value is { } number) writer.WriteNumber(name, number);
        else writer.WriteNull(name);
    }

    private static void Number(Utf8JsonWriter writer, string name, double? value)
    {
        if (value is { } number) writer.WriteNumber(name, Math.Round(number, 2));
        else writer.WriteNull(name);
    }
}
