using System.Text;
using BinarySize.IO;
using BinarySize.Variants;

namespace BinarySize.Rendering;

/// <summary>A comparison of variants in any of its forms.</summary>
public static class VariantsWriter
{
    /// <summary>Names of the forms.</summary>
    public static IReadOnlyList<string> FormatNames { get; } = ["text", "md", "json", "csv", "svg"];

    /// <summary>The comparison in one form, as UTF-8.</summary>
    /// <param name="comparison">What is shown.</param>
    /// <param name="format">One of <see cref="FormatNames"/>.</param>
    public static byte[] Render(Comparison comparison, string format) => format switch
    {
        "md" => Encoding.UTF8.GetBytes(VariantsMarkdown.Render(comparison)),
        "json" => VariantsJson.Write(comparison),
        "csv" => Encoding.UTF8.GetBytes(VariantsCsv.Render(comparison)),
        "svg" => Encoding.UTF8.GetBytes(VariantsChart.Render(comparison)),
        _ => Encoding.UTF8.GetBytes(VariantsText.Render(comparison)),
    };

    /// <summary>Writes compare.md with its chart compare.svg, compare.json and compare.csv into a folder.</summary>
    public static void WriteAll(Comparison comparison, string folder)
    {
        AtomicFile.WriteBytes(Path.Combine(folder, "compare.json"), Render(comparison, "json"));
        AtomicFile.WriteBytes(Path.Combine(folder, "compare.csv"), Render(comparison, "csv"));
        AtomicFile.WriteBytes(Path.Combine(folder, "compare.svg"), Render(comparison, "svg"));
        AtomicFile.WriteText(Path.Combine(folder, "compare.md"), VariantsMarkdown.Render(comparison, "compare.svg"));
    }
}
