namespace BinarySize.IO;

/// <summary>
/// Reads zero-terminated names out of a string table. Names may overlap, so that in a hostile file all of them together are
/// far longer than the table: once they are, the further ones are cut.
/// </summary>
/// <param name="tableSize">Bytes of the string table.</param>
internal sealed class NameBudget(long tableSize)
{
    private const long Ratio = 8, Floor = 1 << 20;
    private const int Cut = 128;

    private long _left = Ratio * tableSize + Floor;

    /// <summary>The name at <paramref name="offset"/> without its zero; empty where that is outside of the table.</summary>
    public ByteView Read(ByteView table, long offset)
    {
        ByteView rest = _left > 0 ? table.Clip(offset, long.MaxValue) : table.Clip(offset, Cut);
        ByteView name = rest.Slice(0, rest.CString(0).Length);
        _left -= name.Length;
        return name;
    }
}
