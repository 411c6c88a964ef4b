using BinarySize.IO;

namespace BinarySize.Formats.Pe;

/// <summary>
/// The container of a native program database (LLVM documentation, "The MSF File Format"): streams that are scattered over
/// blocks. A portable PDB is none. Streams are put together in memory when they are asked for.
/// </summary>
internal sealed class MsfFile
{
    private readonly ByteView _bytes;

    // Streams may share blocks: what is gathered altogether is bounded by the file.
    private long _budget;
    private readonly uint _blockSize;
    private readonly byte[] _directory;

    // For each stream its size and where its list of blocks stands in the directory.
    private readonly (long Size, long Blocks)[] _streams;

    private MsfFile(ByteView bytes, uint blockSize, byte[] directory, (long, long)[] streams)
    {
        _bytes = bytes;
        _budget = bytes.Length * 4;
        _blockSize = blockSize;
        _directory = directory;
        _streams = streams;
    }

    /// <summary>True where the file is of MSF 7.0.</summary>
    public static bool IsMsf(ByteView bytes) => bytes.Matches(0, "Microsoft C/C++ MSF 7.00\r\n\u001aDS\0\0\0"u8);

    /// <summary>Reads the stream directory. Throws where it does not fit the file.</summary>
    public static MsfFile Read(ByteView bytes)
    {
        if (!IsMsf(bytes)) throw new BadFormatException("it is no program database of format MSF 7.0");
        uint blockSize = bytes.U32(32), directorySize = bytes.U32(44), map = bytes.U32(52);
        if (blockSize is < 512 or > 0x10000 || (blockSize & (blockSize - 1)) != 0) throw new BadFormatException($"a block size of {blockSize} is not possible");
        if (directorySize > bytes.Length) throw new BadFormatException($"a directory of {directorySize} bytes does not fit");
        var msf = new MsfFile(bytes, blockSize, [], []);
        byte[] directory = new byte[directorySize];
        msf.Gather(directory, bytes.Slice((long)map * blockSize, (directorySize + blockSize - 1) / blockSize * 4L).Span());

        uint count = directorySize >= 4 ? BitConverter.ToUInt32(directory) : 0;
        if (count > (directorySize - 4) / 4) throw new BadFormatException($"a directory of {count} streams does not fit");
        var streams = new (long, long)[count];
        long blocks = 4 + count * 4L;
        for (int i = 0; i < count; i++)
        {
            uint size = BitConverter.ToUInt32(directory, 4 + i * 4);
            // A stream that was deleted has the size -1.
            if (size == uint.MaxValue) size = 0;
            streams[i] = (size, blocks);
            blocks += (size + (long)blockSize - 1) / blockSize * 4;
            if (blocks > directorySize || size > bytes.Length) throw new BadFormatException($"stream {i} of {size} bytes does not fit");
        }
        return new MsfFile(bytes, blockSize, directory, streams);
    }

    public int StreamCount => _streams.Length;

    /// <summary>The bytes of a stream; empty where there is none of this number.</summary>
    public FileView Stream(int index)
    {
        if ((uint)index >= (uint)_streams.Length) return FileView.FromBytes([], "");
        (long size, long blocks) = _streams[index];
        if (size > _budget) throw new BadFormatException("its streams overlap");
        byte[] content = new byte[size];
        Gather(content, _directory.AsSpan((int)blocks, (int)((size + _blockSize - 1) / _blockSize * 4)));
        return FileView.FromBytes(content, "");
    }

    private void Gather(Span<byte> target, ReadOnlySpan<byte> blockNumbers)
    {
        _budget -= target.Length;
        if (_budget < 0) throw new BadFormatException("its streams overlap");
        for (int done = 0; done < target.Length;)
        {
            uint block = BitConverter.ToUInt32(blockNumbers);
            blockNumbers = blockNumbers[4..];
            int n = (int)Math.Min(_blockSize, target.Length - done);
            _bytes.Span((long)block * _blockSize, n).CopyTo(target[done..]);
            done += n;
        }
    }
}
