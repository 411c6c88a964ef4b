using BinarySize.Mapping;

namespace BinarySize.Reports;

/// <summary>
/// Names of owners as they are shown: as much of their qualified name as the levels around them do not say. By type alone
/// "System.Text.Json.JsonSerializer", below its namespace "JsonSerializer".
/// </summary>
internal static class OwnerNames
{
    /// <summary>The name of a namespace, type or member (or any other owner) in a tree grouped by <paramref name="levels"/>.</summary>
    public static string Of(SizeMap map, int owner, IReadOnlyList<Level> levels)
    {
        ReadOnlySpan<Owner> owners = map.Owners;
        string name = map.Names.Text(owners[owner].Name);
        OwnerKind kind = owners[owner].Kind;
        if (kind is not (OwnerKind.Namespace or OwnerKind.Type or OwnerKind.Member)) return name;
        string separator = IsManaged(owners, owner) ? "." : "::";
        for (int at = owners[owner].Parent; at != 0; at = owners[at].Parent)
        {
            OwnerKind outer = owners[at].Kind;
            if (outer is not (OwnerKind.Namespace or OwnerKind.Type)) break;
            // A level of its own says it already; parts of one qualified name (a C++ namespace in another) stay together.
            if (outer != kind && levels.Contains(outer == OwnerKind.Namespace ? Level.Namespace : Level.Type)) break;
            name = $"{map.Names.Text(owners[at].Name)}{separator}{name}";
        }
        return name;
    }

    private static bool IsManaged(ReadOnlySpan<Owner> owners, int owner)
    {
        while (owner != 0 && owners[owner].Kind != OwnerKind.Assembly) owner = owners[owner].Parent;
        return owner != 0;
    }
}
