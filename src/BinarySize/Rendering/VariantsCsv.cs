using System.Globalization;
using System.Text;
using BinarySize.Variants;

namespace BinarySize.Rendering;

/// <summary>Variants as CSV (RFC 4180, CRLF): one line a variant; sizes are bytes, what was not measured is empty.</summary>
public static class VariantsCsv
{
    /// <summary>The first line.</summary>
    public const string Header = "name,status,shippedSize,binarySize,netSize,gzipSize,brotliSize,buildSeconds,startupMilliseconds,peakMemory,verified,reason,command";

    /// <summary>The comparison.</summary>
    public static string Render(Comparison comparison)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        var text = new StringBuilder(Header).Append("\r\n");
        foreach (VariantResult v in comparison.Variants)
        {
            string verified = v.Verified switch { true => "true", false => "false", _ => "" };
            text.Append(CultureInfo.InvariantCulture, $"{Escape.Csv(v.Name)},{VariantResult.NameOf(v.Status)},{v.ShippedSize},{v.BinarySize},{v.NetSize},{v.GzipSize},{v.BrotliSize},{v.BuildSeconds:0.##},{v.StartupMilliseconds:0.##},{v.PeakMemory},{verified},{Escape.Csv(v.Reason ?? "")},{Escape.Csv(v.Command ?? "")}\r\n");
        }
        return text.ToString();
    }
}
