using System.Globalization;
using BinarySize.Variants;

namespace BinarySize.Rendering;

/// <summary>Words, numbers and the plain-text table of variants. No line is longer than <see cref="Width"/> columns.</summary>
public static class VariantsText
{
    /// <summary>Columns that a line has at most.</summary>
    public const int Width = 79;

    // The name's column, and those of the numbers: 79 together. What could not be measured has room for a longer name.
    private const int NameColumn = 24, NameWidth = 26;
    private static readonly int[] s_columns = [7, 7, 7, 7, 7, 6, 7, 7];

    /// <summary>The comparison as a table.</summary>
    public static string Render(Comparison comparison)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        string[] about = [.. ((string?[])[comparison.TargetFramework, comparison.RuntimeIdentifier, comparison.Sdk is { } sdk ? "SDK " + sdk : null]).OfType<string>()];
        text.WriteLine(Escape.Ascii($"{comparison.Project}: {comparison.Set} ({string.Join(", ", about)})", Width));
        text.WriteLine();
        text.WriteLine(Line("", "ships", "change", "binary", "gzip", "brotli", "build", "start", "memory"));
        string? reason = null;
        foreach (VariantResult variant in comparison.Variants)
        {
            string name = variant.Name;
            if (!variant.IsMeasured)
            {
                bool same = reason is not null && variant.Reason == reason;
                text.WriteLine(Fit(Fit(name, NameWidth).PadRight(NameWidth) + "  " + VariantResult.NameOf(variant.Status) + (same ? ": as above" : ""), Width));
                if (!same) Wrap(text, variant.Reason);
                reason = variant.Reason;
                continue;
            }
            reason = null;
            string[] cells = [Size(variant.ShippedSize), Change(comparison, variant), Size(variant.BinarySize), Size(variant.GzipSize), Size(variant.BrotliSize), Seconds(variant), Milliseconds(variant), Size(variant.PeakMemory)];
            string mark = variant.Verified switch { true => "+", false => "!", _ => "" };
            // A long name has a line of its own.
            if (name.Length + mark.Length > NameColumn)
            {
                text.WriteLine(Fit(mark + name, Width));
                name = mark = "";
            }
            text.WriteLine(Line(mark + name, cells));
            Wrap(text, variant.Status == VariantStatus.Ok ? variant.Reason : $"{VariantResult.NameOf(variant.Status)}: {variant.Reason}");
        }
        text.WriteLine();
        foreach (string note in Notes(comparison)) text.WriteLine(Fit(note, Width));
        return text.ToString();
    }

    internal static IEnumerable<string> Notes(Comparison comparison)
    {
        if (comparison.Reference is { } reference) yield return $"Change: against {reference.Name}. Ships: the publish folder without symbols.";
        if (comparison.Variants.Any(v => v.GzipSize is not null)) yield return $"gzip (level 9){(comparison.Variants.Any(v => v.BrotliSize is not null) ? ", brotli (quality 11)" : "")}: each file of what ships by itself.";
        if (comparison.Variants.Any(v => v.Verified is not null)) yield return "+ passed the verify command, ! failed it.";
        foreach (string note in comparison.Notes) yield return note;
    }

    private static string Line(string name, params string[] cells)
    {
        var line = new System.Text.StringBuilder(Fit(name, NameColumn).PadRight(NameColumn));
        for (int i = 0; i < cells.Length; i++) line.Append(cells[i].PadLeft(s_columns[i]));
        return line.ToString().TrimEnd();
    }

    // A reason below its row, on a few lines of its own.
    internal static void Wrap(TextWriter text, string? reason)
    {
        const int lines = 5, indent = 4;
        string rest = Fit(reason ?? "", lines * (Width - indent));
        while (rest.Length > 0)
        {
            int end = Math.Min(rest.Length, Width - indent);
            if (end < rest.Length && rest.LastIndexOf(' ', end - 1, end) is > 20 and var space) end = space;
            text.WriteLine(new string(' ', indent) + rest[..end].TrimEnd());
            rest = rest[end..].TrimStart();
        }
    }

    private static string Fit(string text, int width) => Escape.Ascii(text, width);

    /// <summary>"1.43M": at most six characters.</summary>
    internal static string Size(long? bytes)
    {
        if (bytes is not { } size) return "-";
        if (size < 1000) return size.ToString(CultureInfo.InvariantCulture) + "B";
        double value = size;
        foreach (string unit in (string[])["K", "M", "G", "T", "P"])
        {
            value /= 1024;
            if (value < 999.5) return value.ToString(value < 9.995 ? "0.00" : value < 99.95 ? "0.0" : "0", CultureInfo.InvariantCulture) + unit;
        }
        return value.ToString("0", CultureInfo.InvariantCulture) + "P";
    }

    /// <summary>Change of what ships against the first that was measured: "-61.2%", "+612%", or "x18.7" from ten times on; nothing for that one itself.</summary>
    internal static string Change(Comparison comparison, VariantResult variant)
    {
        if (comparison.Reference is not { ShippedSize: > 0 and { } whole } reference || variant.ShippedSize is not { } size || ReferenceEquals(variant, reference)) return "";
        double ratio = (double)size / whole, percent = 100 * (ratio - 1);
        if (ratio >= 9.995) return ratio < 99_999 ? "x" + ratio.ToString(ratio < 99.95 ? "0.0" : "0", CultureInfo.InvariantCulture) : ">x99999";
        return percent.ToString(percent < 99.95 ? "+0.0;-0.0;0.0" : "+0", CultureInfo.InvariantCulture) + "%";
    }

    internal static string Seconds(VariantResult variant) => variant.BuildSeconds is { } seconds ? seconds.ToString(seconds < 99.95 ? "0.0" : "0", CultureInfo.InvariantCulture) + "s" : "-";

    internal static string Milliseconds(VariantResult variant) => variant.StartupMilliseconds is { } ms ? ms.ToString(ms < 9.95 ? "0.0" : "0", CultureInfo.InvariantCulture) + "ms" : "-";
}
