namespace BinarySize.Reports;

/// <summary>Names of an enumeration's values as they are typed, in the values' order.</summary>
internal static class NameList
{
    /// <summary>
    /// The index of <paramref name="name"/>, in any case; -1 where it is none of them. There are few: a dictionary over an
    /// enumeration would cost more bytes in the compiled tool than looking costs time.
    /// </summary>
    public static int IndexOf(IReadOnlyList<string> names, string name)
    {
        for (int i = 0; i < names.Count; i++)
        {
            if (string.Equals(names[i], name, StringComparison.OrdinalIgnoreCase)) return i;
        }
        return -1;
    }
}
