using System.Security.Cryptography;
using System.Text;

namespace BinarySize.Rendering.Ci;

/// <summary>
/// Names as keys: systems draw a number over time by its key and take few characters in it. What they do not take becomes
/// '-', and a name that lost something that way gets a piece of its hash, so that no two become one.
/// </summary>
internal static class Slug
{
    /// <summary>Characters that a key has at most.</summary>
    public const int MaxLength = 80;

    private const int HashDigits = 8;

    /// <summary>Letters and digits of ASCII, '-', and of <paramref name="also"/>; the same for the same name, always.</summary>
    public static string Of(string name, string also = "._", int maxLength = MaxLength)
    {
        ArgumentNullException.ThrowIfNull(name);
        bool whole = name.Length is > 0 && name.Length <= maxLength;
        var text = new StringBuilder(Math.Min(name.Length, maxLength));
        int room = maxLength - HashDigits - 1;
        foreach (char c in name)
        {
            bool taken = char.IsAsciiLetterOrDigit(c) || c == '-' || also.Contains(c);
            whole &= taken;
            if (text.Length < maxLength) text.Append(taken ? c : '-');
        }
        if (whole) return text.ToString();
        if (text.Length > room) text.Length = room;
        return $"{text}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..HashDigits]}";
    }
}
